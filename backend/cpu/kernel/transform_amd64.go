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
}

// transforms are the five transforms of one size; see the generator, asm/winograd.go.
type transforms struct {
	input, kernel, output, gradient, kernelGradient func(args *transformArgs)
	points                                          int // a side of the transformed square
	tile                                            int // a side of the tile of outputs
}

var transforms2 = [2]transforms{
	{winograd2InputAVX2, winograd2KernelAVX2, winograd2OutputAVX2, winograd2GradientAVX2, winograd2KernelGradientAVX2, 4, 2},
	{winograd2InputAVX512, winograd2KernelAVX512, winograd2OutputAVX512, winograd2GradientAVX512, winograd2KernelGradientAVX512, 4, 2},
}

var transforms4 = [2]transforms{
	{winograd4InputAVX2, winograd4KernelAVX2, winograd4OutputAVX2, winograd4GradientAVX2, winograd4KernelGradientAVX2, 6, 4},
	{winograd4InputAVX512, winograd4KernelAVX512, winograd4OutputAVX512, winograd4GradientAVX512, winograd4KernelGradientAVX512, 6, 4},
}

//go:noescape
func winograd4InputAVX2(args *transformArgs)

//go:noescape
func winograd4KernelAVX2(args *transformArgs)

//go:noescape
func winograd4OutputAVX2(args *transformArgs)

//go:noescape
func winograd4GradientAVX2(args *transformArgs)

//go:noescape
func winograd4KernelGradientAVX2(args *transformArgs)

//go:noescape
func winograd2InputAVX2(args *transformArgs)

//go:noescape
func winograd2KernelAVX2(args *transformArgs)

//go:noescape
func winograd2OutputAVX2(args *transformArgs)

//go:noescape
func winograd2GradientAVX2(args *transformArgs)

//go:noescape
func winograd2KernelGradientAVX2(args *transformArgs)

//go:noescape
func winograd4InputAVX512(args *transformArgs)

//go:noescape
func winograd4KernelAVX512(args *transformArgs)

//go:noescape
func winograd4OutputAVX512(args *transformArgs)

//go:noescape
func winograd4GradientAVX512(args *transformArgs)

//go:noescape
func winograd4KernelGradientAVX512(args *transformArgs)

//go:noescape
func winograd2InputAVX512(args *transformArgs)

//go:noescape
func winograd2KernelAVX512(args *transformArgs)

//go:noescape
func winograd2OutputAVX512(args *transformArgs)

//go:noescape
func winograd2GradientAVX512(args *transformArgs)

//go:noescape
func winograd2KernelGradientAVX512(args *transformArgs)
