#include "support/infer.h"
#include "support/test.h"

static void upsample_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,3,4,5] x", "",
          "y = Upsample<height_scale = 2.0, width_scale = 1.5, mode = \"bilinear\">(x)",
          "float[N,3,8,7]" },
        { 7, "float[N,3,4,5] x", "", "y = Upsample<scales = [1.0, 1.0, 2.0, 3.0]>(x)",
          "float[N,3,8,15]" },
        { 9, "float[N,3,H,5] x", "float[4] s = {1, 1, 2, 3}", "y = Upsample(x, s)",
          "float[N,3,2*H,15]" },
        { 10, "float[N,3,4,5] x", "float[4] s = {1, 1, 2, 3}", "y = Upsample(x, s)",
          "issue: does not exist in opset 10" },
        { 7, "float[N,3,4,5] x", "", "y = Upsample<scales = [1.0, 1.0]>(x)",
          "error: each of 4 axes, found 2" },
    };
    TEST_INFER(rows);
}

static void resize_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 10, "float[N,3,10,W] x", "float[4] s = {1, 1, 0.7, 0.5}", "y = Resize(x, s)",
          "float[N,3,7,floor(W / 2)]" },
        { 11, "float[N,3,4,5] x, float[8] roi", "float[0] s = {}, int64[4] z = {1, 3, 8, 9}",
          "y = Resize(x, roi, s, z)", "float[1,3,8,9]" },
        { 13, "float[N,3,4,5] x", "float[4] s = {1, 1, 2, 2}", "y = Resize(x, \"\", s)",
          "float[N,3,8,10]" },
        { 13, "float[N,3,4,5] x, float[4] s", "", "y = Resize(x, \"\", s)", "float[?,?,?,?]" },
        { 13, "float[N,C,H,W] x, float[4] t", "int64[2] z = {8, 9}, int64[2] a = {0, 2}, "
          "int64[1] b = {0}", "d = Shape(x)\nf = Gather(d, a)\n"
          "e = Slice(d, b, a0)\na0 = Constant<value = int64[1] {2}>()\n"
          "q = Concat<axis = 0>(e, z)\ny = Resize(x, \"\", \"\", q)", "float[N,C,8,9]" },
        { 18, "float[N,3,4,5] x", "int64[2] z = {8, 9}",
          "y = Resize<axes = [2, -1]>(x, \"\", \"\", z)", "float[N,3,8,9]" },
        { 18, "float[N,3,30,60] x", "int64[2] z = {15, 15}",
          "y = Resize<axes = [2, 3], keep_aspect_ratio_policy = \"not_larger\">(x, \"\", \"\", z)",
          "float[N,3,8,15]" },
        { 18, "float[N,3,30,60] x", "int64[2] z = {15, 15}",
          "y = Resize<axes = [2, 3], keep_aspect_ratio_policy = \"not_smaller\">(x, \"\", \"\", z)",
          "float[N,3,15,30]" },
        { 19, "float[4] x", "float[1] s = {2}",
          "y = Resize<coordinate_transformation_mode = \"half_pixel_symmetric\">(x, \"\", s)",
          "float[8]" },
        { 13, "float[4] x", "float[2] r = {0.5, 1}, float[1] s = {2}",
          "y = Resize<coordinate_transformation_mode = \"tf_crop_and_resize\">(x, r, s)",
          "float[8]" },
    };
    TEST_INFER(rows);
}

static void resize_refuses_what_cannot_be(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 13, "float[4] x", "float[1] s = {nan}", "y = Resize(x, \"\", s)", "error: above 0" },
        { 13, "float[4] x", "float[1] s = {inf}", "y = Resize(x, \"\", s)", "error: above 0" },
        { 13, "float[4] x", "float[1] s = {-2}", "y = Resize(x, \"\", s)", "error: above 0" },
        { 13, "float[4] x", "float[1] s = {1e30}", "y = Resize(x, \"\", s)", "error: below 2^62" },
        { 13, "float[4] x", "int64[1] z = {-5}", "y = Resize(x, \"\", \"\", z)", "error: >= 0" },
        { 13, "float[4] x", "int64[1] z = {5}, float[1] s = {2}", "y = Resize(x, \"\", s, z)",
          "error: found both" },
        { 13, "float[4] x", "int64[2] z = {5, 5}", "y = Resize(x, \"\", \"\", z)",
          "error: each of 1 axes" },
        { 13, "float[4] x", "int64[1] z = {5}", "y = Resize<mode = \"x\">(x, \"\", \"\", z)",
          "error: expected one of nearest, linear, cubic" },
    };
    TEST_INFER(rows);
}

static void grids_sample(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 16, "float[N,3,4,5] x, float[N,8,9,2] g", "", "y = GridSample<mode = \"bicubic\">(x, g)",
          "float[N,3,8,9]" },
        { 20, "float[N,3,4,5,6] x, float[N,7,8,9,3] g", "",
          "y = GridSample<mode = \"cubic\">(x, g)",
          "float[N,3,7,8,9]" },
        { 20, "float[N,3,4,5] x, float[N,8,9,3] g", "", "y = GridSample(x, g)",
          "error: coordinates of the grid" },
        { 16, "float[N,3,4,5,6] x, float[N,7,8,9,3] g", "", "y = GridSample(x, g)",
          "error: expected rank 4" },
        { 20, "float[N,2,3] t", "int64[4] s = {2, 3, 8, 9}", "y = AffineGrid(t, s)",
          "float[2,8,9,2]" },
        { 20, "float[N,3,4] t, int64[5] s", "", "y = AffineGrid(t, s)", "float[N,?,?,?,3]" },
        { 20, "float[N,3,4] t, int64[6] s", "", "y = AffineGrid(t, s)", "error: 4 or 5 numbers" },
    };
    TEST_INFER(rows);
}

static void depth_becomes_space(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,12,4,W] x", "", "y = DepthToSpace<blocksize = 2>(x)", "float[N,3,8,2*W]" },
        { 13, "float[N,12,4,5] x", "", "y = DepthToSpace<blocksize = 2, mode = \"CRD\">(x)",
          "float[N,3,8,10]" },
        { 13, "float[N,C,4,6] x", "", "y = SpaceToDepth<blocksize = 2>(x)", "float[N,4*C,2,3]" },
        { 13, "float[N,3,4,5] x", "", "y = DepthToSpace<blocksize = 2>(x)",
          "error: a multiple of 4" },
        { 13, "float[N,3,4,5] x", "", "y = SpaceToDepth<blocksize = 0>(x)", "error: blocksize" },
        { 18, "float[N,20,12] x", "int64[2] i = {5, 5}, int64[2] b = {1, 5}", "y = Col2Im(x, i, b)",
          "float[N,4,5,5]" },
        { 18, "float[N,20,12] x", "int64[2] i = {5, 5}, int64[2] b = {0, 5}", "y = Col2Im(x, i, b)",
          "error: block_shape" },
        { 10, "float[T,N,3] x, int64[N] l", "", "y = ReverseSequence(x, l)", "float[T,N,3]" },
        { 10, "float[T] x, int64[N] l", "", "y = ReverseSequence(x, l)", "error: rank 2 or more" },
        { 14, "float[N,T,T] x", "", "y = Trilu<upper = 0>(x)", "float[N,T,T]" },
        { 14, "float[T] x", "", "y = Trilu(x)", "error: rank 2 or more" },
        { 18, "float[N,3,4] x", "int64[3] s = {1, 2, 5}", "y = CenterCropPad(x, s)",
          "float[1,2,5]" },
        { 18, "float[N,3,4] x", "int64[1] s = {7}", "y = CenterCropPad<axes = [-1]>(x, s)",
          "float[N,3,7]" },
        { 18, "float[N,3,4] x", "int64[2] s = {7, 7}", "y = CenterCropPad<axes = [-1]>(x, s)",
          "error: each of 1 axes" },
    };
    TEST_INFER(rows);
}

static void random_tensors_have_a_shape(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "", "", "y = RandomNormal<shape = [2, 3]>()", "float[2,3]" },
        { 1, "", "", "y = RandomUniform<shape = [2], dtype = 10>()", "float16[2]" },
        { 1, "", "", "y = RandomUniform<shape = [-2]>()", "error: dims >= 0" },
        { 1, "double[N] x", "", "y = RandomNormalLike(x)", "double[N]" },
        { 1, "double[N] x", "", "y = RandomUniformLike<dtype = 1>(x)", "float[N]" },
        { 15, "double[N] x", "", "y = Bernoulli<dtype = 9>(x)", "bool[N]" },
        { 7, "float[N,9] x", "", "y = Multinomial<sample_size = 4>(x)", "int32[N,4]" },
        { 7, "float[N,9] x", "", "y = Multinomial<sample_size = 0>(x)", "error: sample_size" },
        { 9, "int32[N,9] x", "", "y = EyeLike(x)", "int32[N,9]" },
        { 9, "int32[N,9] x", "", "y = EyeLike<dtype = 1, k = -1>(x)", "float[N,9]" },
        { 9, "int32[N] x", "", "y = EyeLike(x)", "error: expected rank 2" },
    };
    TEST_INFER(rows);
}

static void blocks_are_gathered(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 21, "int4[V,64] w, int64[N,T] i, float[V,4] s", "",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16>(w, i, s)", "float[N,T,64]" },
        { 21, "uint8[V,32] w, int64[N,T] i, float16[V,4] s", "",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16, bits = 4>(w, i, s)",
          "float16[N,T,64]" },
        { 21, "int4[V,64] w, int64[N,T] i, float[V,3] s", "",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16>(w, i, s)", "error: axis 1" },
        { 21, "int4[V,64] w, int64[N,T] i, float[V,3] s", "",
          "y = com.microsoft.GatherBlockQuantized<block_size = 0>(w, i, s)", "error: block_size" },
    };
    TEST_INFER(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upsample_in_every_version),
        cmocka_unit_test(resize_in_every_version),
        cmocka_unit_test(resize_refuses_what_cannot_be),
        cmocka_unit_test(grids_sample),
        cmocka_unit_test(depth_becomes_space),
        cmocka_unit_test(random_tensors_have_a_shape),
        cmocka_unit_test(blocks_are_gathered),
    };
    return test_run(tests);
}
