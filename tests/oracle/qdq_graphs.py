"""Random graphs with Q and DQ around operators, right ones and spoilt ones: what goes to several
readers or out of the graph, zero points that are missing, grids that differ, other types, floats
among the constants, wrong scales of biases. `build(seed)` gives a model, the same for a seed."""
import random

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

CODES = {"u8": (T.UINT8, np.uint8), "s8": (T.INT8, np.int8), "u16": (T.UINT16, np.uint16),
         "s16": (T.INT16, np.int16)}
WEIGHTS = {"s8": (T.INT8, -127, 128), "u8": (T.UINT8, 0, 256), "u4": (T.UINT4, 0, 16),
           "s4": (T.INT4, -8, 8), "s16": (T.INT16, -300, 300)}


class Grid:
    def __init__(self, scale, zero, codes, scale_name, zero_name):
        self.scale, self.zero, self.codes = scale, zero, codes
        self.scale_name, self.zero_name = scale_name, zero_name

    def inputs(self, value):
        return [value, self.scale_name] + ([self.zero_name] if self.zero_name else [])


class Graph:
    """What all kinds of graphs are made of."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = np.random.RandomState(seed)
        self.opset = self.random.choice([13, 13, 17, 19, 21])
        self.codes = self.random.choice(["u8", "u8", "u8", "s8"])
        self.spoil = self.random.choice([0, 0.03, 0.1, 0.2])
        self.nodes, self.constants, self.outputs, self.inputs = [], {}, [], []
        self.n_names = 0

    def name(self, stem):
        self.n_names += 1
        return f"{stem}{self.n_names}"

    def chance(self, share):
        return self.random.random() < share

    def spoilt(self, share=1.0):
        return self.chance(self.spoil * share)

    def constant(self, value, stem="c"):
        name = self.name(stem)
        self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def node(self, op, inputs, n_outputs=1, **attributes):
        outputs = [self.name("v") for _ in range(n_outputs)]
        self.nodes.append(helper.make_node(op, inputs, outputs, name=self.name(op.lower() + "_"),
                                           **attributes))
        return outputs[0] if n_outputs == 1 else outputs

    def give(self, value, dtype=T.FLOAT):
        self.outputs.append((value, dtype))

    # --- grids ---

    def grid(self):
        codes = self.codes
        if self.spoilt():
            codes = self.random.choice(list(CODES) if self.opset >= 21 else ["u8", "s8"])
        scale = np.float32(self.random.choice([0.05, 0.1, 0.02, 0.03]))
        zero = self.random.choice([0, 0, 3, 128 if codes[0] == "u" else -128])
        written = codes != "u8" or not self.spoilt(0.5)
        return Grid(scale, zero if written else 0, codes, self.constant(scale, "s"),
                    self.constant(CODES[codes][1](zero), "z") if written else None)

    def same(self, grid):
        """The same grid, by other constants perhaps."""
        if self.chance(0.6):
            return grid
        zero = CODES[grid.codes][1](grid.zero)
        return Grid(grid.scale, grid.zero, grid.codes, self.constant(grid.scale, "s"),
                    self.constant(zero, "z") if grid.zero_name else None)

    def quantized(self, x, grid=None):
        """A float through Q and DQ."""
        if self.spoilt(0.3):
            return x, grid
        grid = grid or self.grid()
        q = self.node("QuantizeLinear", grid.inputs(x))
        if self.spoilt(0.2):
            self.give(q, CODES[grid.codes][0])
        if self.spoilt(0.4):
            y = self.node("DequantizeLinear", grid.inputs(q))
            grid = self.grid()
            q = self.node("QuantizeLinear", grid.inputs(y))
        y = self.node("DequantizeLinear", self.same(grid).inputs(q))
        if self.spoilt():
            self.give(self.node("Sqrt", [y]))
        return y, grid

    # --- constants behind DQ ---

    def weight(self, shape, axis):
        kinds = ["s8", "u8"] + (["u4", "s4", "s16"] if self.opset >= 21 else [])
        kind = self.random.choice(kinds) if self.spoilt() else "s8"
        if self.spoilt(0.4):
            return self.constant(self.numbers.randn(*shape).astype(np.float32), "w"), None
        per_channel = self.chance(0.5)
        scale = np.full(shape[axis] if per_channel else (), 0.01, np.float32)
        if self.chance(0.5):
            scale = (self.numbers.rand(*scale.shape) * 0.01 + 0.005)
        scale = np.asarray(scale, np.float32)
        dtype, low, high = WEIGHTS[kind]
        codes, zeros = self.name("w"), self.name("wz")
        self.constants[codes] = helper.make_tensor(
            codes, dtype, shape, self.numbers.randint(low, high, shape).flatten().tolist())
        self.constants[zeros] = helper.make_tensor(zeros, dtype, scale.shape,
                                                   [0] * max(1, scale.size))
        inputs = [codes, self.constant(scale, "ws")]
        if kind not in ("s8", "u8") or not self.spoilt():
            inputs.append(zeros)
        attributes = {"axis": axis} if per_channel else {}
        return self.node("DequantizeLinear", inputs, **attributes), scale

    def bias(self, n, grid, scale):
        chance = self.random.random()
        if chance < 0.25:
            return []
        if chance < 0.35 or self.spoilt() or scale is None or grid is None:
            return [self.constant(self.numbers.randn(n).astype(np.float32), "b")]
        s = np.asarray(np.float32(grid.scale) * scale, np.float32)
        if self.spoilt():
            s = np.asarray(s * np.float32(self.random.choice([2, 1.01, 0.5])), np.float32)
        inputs = [self.constant(np.full(n, 7, np.int32), "b"), self.constant(s, "bs")]
        if self.chance(0.7):
            inputs.append(self.constant(np.zeros(s.shape, np.int32), "bz"))
        return [self.node("DequantizeLinear", inputs, **({"axis": 0} if s.shape else {}))]

    def activation(self, x):
        chance = self.random.random()
        if chance < 0.55:
            return x
        if chance < 0.8:
            return self.node("Relu", [x])
        low, high = self.random.choice([(0.0, 6.0), (0.0, 1.0), (-100.0, 100.0), (0.0, 100.0)])
        return self.node("Clip", [x, self.constant(np.float32(low)),
                                  self.constant(np.float32(high))])

    def model(self):
        seen, outputs = set(), []
        for name, dtype in self.outputs:
            if name not in seen and name != "x":
                outputs.append(helper.make_tensor_value_info(name, dtype, None))
            seen.add(name)
        graph = helper.make_graph(self.nodes, "g", self.inputs, outputs,
                                  list(self.constants.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)],
                                 ir_version=10)


class Image(Graph):
    """Values of [1, c, h, h]; each is (value, grid, c, h)."""

    OPS = ["conv", "conv", "conv", "conv", "binary", "binary", "concat", "pool", "global_pool",
           "map", "softmax", "max_pool", "transpose", "resize", "split", "reduce_max", "slice",
           "where", "expand", "gather", "tile", "batch_norm", "conv_transpose"]

    def build(self):
        batch = 1 if self.chance(0.8) else "n"
        self.inputs = [helper.make_tensor_value_info("x", T.FLOAT, [batch, 4, 8, 8])]
        self.values = [(*self.quantized("x"), 4, 8)]
        for _ in range(self.random.randint(3, 10)):
            value = self.values[-1] if self.chance(0.8) else self.random.choice(self.values)
            made = getattr(self, self.random.choice(self.OPS))(*value)
            if not made:
                continue
            y, keeps, c, h = made
            if c > 64 or h > 32:
                break
            self.finish(y, value[1] if keeps else None, c, h)
        self.end(*self.values[-1])
        return self.model()

    def finish(self, y, grid, c, h):
        if self.spoilt(0.3):
            self.give(y)
        if self.spoilt():
            self.give(self.node("Sqrt", [y]))
        if self.spoilt(0.4):
            y = self.node("Transpose", [y], perm=[0, 1, 3, 2])
        grid = self.same(grid) if grid and not self.spoilt() else None
        self.values.append((*self.quantized(y, grid), c, h))

    def end(self, x, grid, c, h):
        if h > 1 or self.chance(0.5):
            return self.give(x)
        y = self.node("Flatten", [x])
        if grid and self.chance(0.7):
            y, grid = self.quantized(y, grid)
        w, scale = self.weight((c, 10), 1)
        y = self.node("Gemm", [y, w] + self.bias(10, grid, scale))
        if self.chance(0.5):
            y, _ = self.quantized(y)
        if self.chance(0.3):
            return self.give(self.node("ArgMax", [y]), T.INT64)
        return self.give(y)

    def peers(self, c, h):
        return [v for v in self.values if v[3] == h and (c is None or v[2] == c)]

    def conv(self, x, grid, c, h):
        depthwise = self.chance(0.2)
        out, k = c if depthwise else self.random.choice([4, 8]), self.random.choice([1, 3])
        w, scale = self.weight((out, 1 if depthwise else c, k, k), 0)
        y = self.node("Conv", [x, w] + self.bias(out, grid, scale), pads=[k // 2] * 4,
                      group=c if depthwise else 1, kernel_shape=[k, k])
        return self.activation(y), False, out, h

    def conv_transpose(self, x, grid, c, h):
        w, scale = self.weight((c, 4, 3, 3), 1)
        return self.node("ConvTranspose", [x, w] + self.bias(4, grid, scale), pads=[1] * 4,
                         kernel_shape=[3, 3]), False, 4, h

    def binary(self, x, grid, c, h):
        other = self.random.choice(self.peers(c, h))[0]
        if self.chance(0.3):
            k = self.constant(self.numbers.randint(0, 255, (1, c, 1, 1)).astype(np.uint8), "k")
            other = self.node("DequantizeLinear", [k, self.constant(np.float32(0.02), "s"),
                                                   self.constant(np.uint8(3), "z")])
        op = self.random.choice(["Add", "Add", "Mul", "Sub"])
        return self.activation(self.node(op, [x, other])), False, c, h

    def concat(self, x, grid, c, h):
        other = self.random.choice(self.peers(None, h))
        return self.node("Concat", [x, other[0]], axis=1), False, c + other[2], h

    def pool(self, x, grid, c, h):
        return self.node("AveragePool", [x], kernel_shape=[3, 3], pads=[1] * 4), False, c, h

    def max_pool(self, x, grid, c, h):
        return self.node("MaxPool", [x], kernel_shape=[3, 3], pads=[1] * 4), True, c, h

    def global_pool(self, x, grid, c, h):
        return self.node("GlobalAveragePool", [x]), False, c, 1

    def map(self, x, grid, c, h):
        ops = ["LeakyRelu", "Sigmoid", "Relu"] + (["HardSwish"] if self.opset >= 14 else [])
        return self.node(self.random.choice(ops), [x]), False, c, h

    def softmax(self, x, grid, c, h):
        return self.node("Softmax", [x], axis=1), False, c, h

    def transpose(self, x, grid, c, h):
        return self.node("Transpose", [x], perm=[0, 1, 3, 2]), True, c, h

    def resize(self, x, grid, c, h):
        scales = self.constant(np.array([1, 1, 2, 2], np.float32))
        return self.node("Resize", [x, "", scales],
                         mode=self.random.choice(["nearest", "linear"])), True, c, 2 * h

    def split(self, x, grid, c, h):
        if c % 2:
            return None
        sizes = self.constant(np.array([c // 2, c // 2], np.int64))
        a, b = self.node("Split", [x, sizes], 2, axis=1)
        self.finish(b, grid, c // 2, h)
        return a, True, c // 2, h

    def reduce_max(self, x, grid, c, h):
        if self.opset < 18:
            return self.node("ReduceMax", [x], axes=[2, 3], keepdims=1), True, c, 1
        axes = self.constant(np.array([2, 3], np.int64))
        return self.node("ReduceMax", [x, axes], keepdims=1), True, c, 1

    def slice(self, x, grid, c, h):
        if h < 4:
            return None
        at = [self.constant(np.array(v, np.int64)) for v in ([0, 0], [h // 2] * 2, [2, 3])]
        return self.node("Slice", [x] + at), True, c, h // 2

    def where(self, x, grid, c, h):
        other = self.random.choice(self.peers(c, h))[0]
        if self.chance(0.3):
            other = self.constant(np.float32(1.5))
        mask = self.constant(self.numbers.rand(1, c, 1, 1) > 0.5)
        return self.node("Where", [mask, x, other]), False, c, h

    def expand(self, x, grid, c, h):
        to = h if h > 1 else 4
        return self.node("Expand", [x, self.constant(np.array([1, c, to, to], np.int64))]), True, \
            c, to

    def gather(self, x, grid, c, h):
        return self.node("Gather", [x, self.constant(np.array([0, 1], np.int64))],
                         axis=1), True, 2, h

    def tile(self, x, grid, c, h):
        return self.node("Tile", [x, self.constant(np.array([1, 2, 1, 1], np.int64))]), True, \
            2 * c, h

    def batch_norm(self, x, grid, c, h):
        rows = [self.constant(np.abs(self.numbers.randn(c)).astype(np.float32) + 0.1)
                for _ in range(4)]
        return self.node("BatchNormalization", [x] + rows), False, c, h


class Rows(Graph):
    """Values of [2, k] or [1, 4, k], or of open sizes; each is (value, grid, k)."""

    OPS = ["matmul", "matmul", "matmul", "gemm", "add", "product", "map", "weights_only", "reshape",
           "squeeze", "norm"]

    def build(self):
        self.deep = self.chance(0.5)
        lead = ([1, 4] if self.chance(0.5) else ["n", 4]) if self.deep else \
            ([2] if self.chance(0.6) else ["n"])
        self.inputs = [helper.make_tensor_value_info("x", T.FLOAT, lead + [16])]
        self.values = [(*self.quantized("x"), 16)]
        for _ in range(self.random.randint(2, 8)):
            value = self.values[-1] if self.chance(0.8) else self.random.choice(self.values)
            made = getattr(self, self.random.choice(self.OPS))(*value)
            if not made:
                continue
            y, keeps, k = made
            if self.spoilt(0.3):
                self.give(y)
            grid = None
            if self.chance(0.75):
                old = self.same(value[1]) if keeps and value[1] and not self.spoilt() else None
                y, grid = self.quantized(y, old)
            self.values.append((y, grid, k))
        self.give(self.values[-1][0])
        return self.model()

    def product_of(self, x, grid, k):
        n = self.random.choice([16, 32])
        w, scale = self.weight((k, n), 1)
        y = self.node("MatMul", [x, w])
        if self.chance(0.3):
            y, _ = self.quantized(y)
        if self.chance(0.6):
            b = self.constant(self.numbers.randn(n).astype(np.float32), "b")
            y = self.node("Add", [y, b] if self.chance(0.7) else [b, y])
        return self.activation(y), False, n

    def matmul(self, x, grid, k):
        return self.product_of(x, grid, k)

    def weights_only(self, x, grid, k):
        return self.product_of(self.node("Erf", [x]), None, k)

    def gemm(self, x, grid, k):
        if self.deep:
            return None
        n, turned = self.random.choice([16, 32]), self.chance(0.5)
        w, scale = self.weight((n, k) if turned else (k, n), 0 if turned else 1)
        attributes = {"transB": 1} if turned else {}
        if self.spoilt():
            attributes[self.random.choice(["alpha", "beta"])] = 0.5
        y = self.node("Gemm", [x, w] + self.bias(n, grid, scale), **attributes)
        return self.activation(y), False, n

    def add(self, x, grid, k):
        other = self.random.choice([v for v in self.values if v[2] == k])[0]
        return self.node("Add", [x, other]), False, k

    def product(self, x, grid, k):
        if not self.deep:
            return None
        y = self.node("Transpose", [x], perm=[0, 2, 1])
        if grid and not self.spoilt():
            y, _ = self.quantized(y, grid)
        return self.node("MatMul", [x, y]), False, 4

    def map(self, x, grid, k):
        return self.node(self.random.choice(["Softmax", "Sigmoid"]), [x]), False, k

    def norm(self, x, grid, k):
        if self.opset < 17:
            return None
        return self.node("LayerNormalization", [x, self.constant(np.ones(k, np.float32)),
                                                self.constant(np.zeros(k, np.float32))]), False, k

    def there_and_back(self, x, grid, first, second):
        y = first(x)
        if grid and not self.spoilt():
            y, _ = self.quantized(y, grid)
        return second(y)

    def reshape(self, x, grid, k):
        wide, back = ([0, 4, 1, k], [0, 4, k]) if self.deep else ([-1, 1, k], [-1, k])
        to = [self.constant(np.array(v, np.int64)) for v in (wide, back)]
        return self.there_and_back(x, grid, lambda v: self.node("Reshape", [v, to[0]]),
                                   lambda v: self.node("Reshape", [v, to[1]])), True, k

    def squeeze(self, x, grid, k):
        axes = self.constant(np.array([0], np.int64))
        return self.there_and_back(x, grid, lambda v: self.node("Unsqueeze", [v, axes]),
                                   lambda v: self.node("Squeeze", [v, axes])), True, k


def build(seed):
    return (Image if seed % 2 else Rows)(seed).build()


def save(seed, path):
    onnx.save(build(seed), path)
