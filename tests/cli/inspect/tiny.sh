# All that is shown of a tiny model, for people and for programs.
. "$SUPPORT/cli.sh"
. "$SUPPORT/onnx.sh"

relu_model m.onnx
expect 0 inspect m.onnx
empty err
sed -i '/^  energy/,/^  latency/d; /^  traffic/,/^   *[0-9]* B/d' out # not a matter of this test
text out <<'END'
m.onnx: 71 B
ONNX IR version 8, opset 13
made by tests

Inputs
  x  float[4]

Outputs
  y  float[4]

Parameters: 0

Operators: 1 node
  1  Relu

One inference on ort-x64 (estimated, energy of the package)
  MACs               0   and 4 other operations: 4 FLOPs
  flash            0 B
END

expect 0 inspect m.onnx --json
empty err
sed -i 's/"version": "[0-9.]*"/"version": "V"/; /^  "cost": {/,/^  },/d' out
text out <<'END'
{
  "schema": "pare.inspect/1",
  "tool": {
    "version": "V"
  },
  "input": {
    "file": "m.onnx",
    "file_bytes": 71,
    "external_bytes": 0,
    "external_files": 0
  },
  "ir_version": 8,
  "producer_name": "tests",
  "producer_version": null,
  "domain": null,
  "model_version": 0,
  "graph": "g",
  "opsets": [
    {
      "domain": "",
      "version": 13
    }
  ],
  "inputs": [
    {
      "name": "x",
      "type": "float[4]",
      "dtype": "float",
      "dims": [
        4
      ]
    }
  ],
  "outputs": [
    {
      "name": "y",
      "type": "float[4]",
      "dtype": "float",
      "dims": [
        4
      ]
    }
  ],
  "symbols": [],
  "params": 0,
  "weights": {
    "tensors": 0,
    "embedded_bytes": 0,
    "external_bytes": 0,
    "by_type": []
  },
  "nodes": 1,
  "subgraphs": 0,
  "subgraph_depth": 0,
  "ordered": true,
  "operators": [
    {
      "op": "Relu",
      "domain": "",
      "count": 1
    }
  ],
  "functions": [],
  "metadata": [],
  "warnings": []
}
END

# External weights.
external_model e.onnx 2 w.data
expect 0 inspect e.onnx
has out "e.onnx: 105 B and 2.10 MB of external data in w.data"
has out "Parameters: 524,288, 0 B inside of the model file, 2.10 MB outside"
has out "  float          2.10 MB  100.0 %   524,288 elements in 1 tensor"
