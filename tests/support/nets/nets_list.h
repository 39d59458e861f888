/* All networks: name, family, variant, tokens, parameters, MACs, source, output behind the
 * batch.
 *
 * MACs are those of convolutions, matrix products and attention at batch 1; bias, normalisation,
 * activation, pooling, softmax and embedding lookups count nothing. Both numbers follow from the
 * architecture by integer arithmetic; what else bears them out:
 *   tv      torchvision's num_params is the same, its _ops (in G) is the MACs rounded
 *   timm    timm's benchmark tables count 4.61 and 1.26 G with what surrounds the layers
 *   paper   the authors' rounded figures: ResNet-50 3.8 G, CIFAR 0.27 and 0.85 M, MobileNet 4.2 M
 *           and 569 M, BERT 110 M, MiniLM 22 and 33 M (with pooler), GPT-2 124 M. gpt2 is gpt2-body
 *           and 128 * 38597376 MACs of the head over the vocabulary, whose weights are the tokens'
 *   Eyeriss 666 M MACs in the convolutions (Chen et al. 2017)
 *   MLPerf  the Keras models of MLPerf Tiny: image classification, keyword spotting, visual wake
 *           words, anomaly detection */

/*  name                  family            var.   s    params        MACs  source    output */
NET("alexnet",            alexnet,             0,   0,  61100840,   714188480, "tv",      1000)
NET("alexnet-caffe",      alexnet,             1,   0,  60965224,   724406816, "Eyeriss", 1000)
NET("bert-base",          bert,               12, 128, 109482240, 11174215680, "paper",   128, 768)
NET("deit-tiny",          vit,               192,   0,   5717416,  1253683200, "timm",    1000)
NET("densenet121",        densenet,          121,   0,   7978856,  2834161664, "tv",      1000)
NET("efficientnet-b0",    efficientnet,        0,   0,   5288548,   385814752, "tv",      1000)
NET("googlenet",          googlenet,           0,   0,   6624904,  1498376192, "tv",      1000)
NET("gpt2", gpt2, 1, 128, 124439808, 16114089984, "paper", 128, 50257)
NET("gpt2-body",          gpt2,                0, 128, 124439808, 11173625856, "paper",   128, 768)
NET("minilm-l12",         bert,             1200, 128,  33360000,  2869051392, "paper",   128, 384)
NET("minilm-l6",          bert,                6, 128,  22713216,  1434599424, "paper",   128, 384)
NET("mobilenet-v1",       mobilenet_v1,      100,   0,   4231976,   568740352, "paper",   1000)
NET("mobilenet-v2",       mobilenet_v2,        0,   0,   3504872,   300774272, "tv",      1000)
NET("mobilenet-v3-large", mobilenet_v3,        1,   0,   5483032,   216589760, "tv",      1000)
NET("mobilenet-v3-small", mobilenet_v3,        0,   0,   2542856,    56510400, "tv",      1000)
NET("resnet101",          resnet,            101,   0,  44549160,  7801405440, "tv",      1000)
NET("resnet152",          resnet,            152,   0,  60192808, 11513626624, "tv",      1000)
NET("resnet18",           resnet,             18,   0,  11689512,  1814073344, "tv",      1000)
NET("resnet20",           resnet_cifar,       20,   0,    272474,    40813184, "paper",   10)
NET("resnet34",           resnet,             34,   0,  21797672,  3663761408, "tv",      1000)
NET("resnet50",           resnet,             50,   0,  25557032,  4089184256, "tv",      1000)
NET("resnet50-v1",        resnet,            501,   0,  25557032,  3857973248, "paper",   1000)
NET("resnet56",           resnet_cifar,       56,   0,    855770,   125747840, "paper",   10)
NET("shufflenet-v2-x0.5", shufflenet,          5,   0,   1366792,    40476448, "tv",      1000)
NET("shufflenet-v2-x1.0", shufflenet,         10,   0,   2278604,   144907992, "tv",      1000)
NET("shufflenet-v2-x1.5", shufflenet,         15,   0,   3503624,   295759392, "tv",      1000)
NET("shufflenet-v2-x2.0", shufflenet,         20,   0,   7393996,   583253464, "tv",      1000)
NET("squeezenet1.0",      squeezenet,         10,   0,   1248424,   818924576, "tv",      1000)
NET("squeezenet1.1",      squeezenet,         11,   0,   1235496,   349151936, "tv",      1000)
NET("tiny-autoencoder",   tiny_autoencoder,    0,   0,    267928,      264192, "MLPerf",  640)
NET("tiny-dscnn",         tiny_dscnn,          0,   0,     23756,     2656768, "MLPerf",  12)
NET("tiny-resnet8",       tiny_resnet8,        0,   0,     78186,    12501632, "MLPerf",  10)
NET("tiny-vww",           mobilenet_v1,       25,   0,    213586,     7489664, "MLPerf",  2)
NET("vgg16",              vgg,                16,   0, 138357544, 15470264320, "tv",      1000)
NET("vit-b16",            vit,               768,   0,  86567656, 17563828224, "tv",      1000)
NET("vit-s16",            vit,               384,   0,  22050664,  4598882304, "timm",    1000)
