package kernel

// transformArgs is what a Winograd transform works on; the assembly knows the offsets.
type transformArgs struct {
	from     uintptr // list of places to read, a square
	fromBase uintptr // added to each
	to       uintptr // list of places to write
	toBase   uintptr
	n        uintptr // floats
	work     uintptr // memory for 36 vectors
	bias     uintptr // outputs only; or 0
	flags    uintptr // outputs only: flagAccumulate, flagReLU
	scale    uintptr // outputs only; or 0
	ahead    uintptr // images only: bytes from what is read to what a later tile reads
}

// transforms are the five transforms of one algorithm; see the generator, asm/winograd.go.
type transforms struct {
	input, kernel, output, gradient, kernelGradient func(args *transformArgs)
	points, tile, side                              int                       // sides of the transformed square, of a tile of outputs, of the kernel
	narrow                                          func(args *transformArgs) // input, writing bfloat16; nil where there is none
}

// The algorithms, for AVX2 and AVX-512.
var (
	winogradF43 = [2]transforms{
		{winograd6InputAVX2, winograd6From3AVX2, winograd6To4AVX2, winograd6From4AVX2, winograd6To3AVX2, 6, 4, 3, nil},
		{winograd6InputAVX512, winograd6From3AVX512, winograd6To4AVX512, winograd6From4AVX512, winograd6To3AVX512, 6, 4, 3, winograd6InputNarrowAVX512},
	}
	winogradF25 = [2]transforms{
		{winograd6InputAVX2, winograd6From5AVX2, winograd6To2AVX2, winograd6From2AVX2, winograd6To5AVX2, 6, 2, 5, nil},
		{winograd6InputAVX512, winograd6From5AVX512, winograd6To2AVX512, winograd6From2AVX512, winograd6To5AVX512, 6, 2, 5, winograd6InputNarrowAVX512},
	}
	winogradF23 = [2]transforms{
		{winograd4InputAVX2, winograd4From3AVX2, winograd4To2AVX2, winograd4From2AVX2, winograd4To3AVX2, 4, 2, 3, nil},
		{winograd4InputAVX512, winograd4From3AVX512, winograd4To2AVX512, winograd4From2AVX512, winograd4To3AVX512, 4, 2, 3, nil},
	}
)

//go:noescape
func winograd6InputAVX2(args *transformArgs)

//go:noescape
func winograd4InputAVX2(args *transformArgs)

//go:noescape
func winograd6From2AVX2(args *transformArgs)

//go:noescape
func winograd6From3AVX2(args *transformArgs)

//go:noescape
func winograd6From4AVX2(args *transformArgs)

//go:noescape
func winograd6From5AVX2(args *transformArgs)

//go:noescape
func winograd6To2AVX2(args *transformArgs)

//go:noescape
func winograd6To3AVX2(args *transformArgs)

//go:noescape
func winograd6To4AVX2(args *transformArgs)

//go:noescape
func winograd6To5AVX2(args *transformArgs)

//go:noescape
func winograd4From2AVX2(args *transformArgs)

//go:noescape
func winograd4To2AVX2(args *transformArgs)

//go:noescape
func winograd4From3AVX2(args *transformArgs)

//go:noescape
func winograd4To3AVX2(args *transformArgs)

//go:noescape
func winograd6InputAVX512(args *transformArgs)

//go:noescape
func winograd6InputNarrowAVX512(args *transformArgs)

//go:noescape
func winograd4InputAVX512(args *transformArgs)

//go:noescape
func winograd6From2AVX512(args *transformArgs)

//go:noescape
func winograd6From3AVX512(args *transformArgs)

//go:noescape
func winograd6From4AVX512(args *transformArgs)

//go:noescape
func winograd6From5AVX512(args *transformArgs)

//go:noescape
func winograd6To2AVX512(args *transformArgs)

//go:noescape
func winograd6To3AVX512(args *transformArgs)

//go:noescape
func winograd6To4AVX512(args *transformArgs)

//go:noescape
func winograd6To5AVX512(args *transformArgs)

//go:noescape
func winograd4From2AVX512(args *transformArgs)

//go:noescape
func winograd4To2AVX512(args *transformArgs)

//go:noescape
func winograd4From3AVX512(args *transformArgs)

//go:noescape
func winograd4To3AVX512(args *transformArgs)
