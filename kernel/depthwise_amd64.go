package kernel

import "unsafe"

// depthwiseArgs is what the assembly works on, which knows the offsets.
type depthwiseArgs struct {
	table           uintptr // of tapOffsets
	taps            uintptr
	x, w, y         uintptr
	stepX, stepY    uintptr
	bias            uintptr
	n               uintptr
	lowest, highest float32
}

//go:noescape
func depthwise1AVX2(args *depthwiseArgs)

//go:noescape
func depthwise4AVX2(args *depthwiseArgs)

//go:noescape
func depthwise1AVX512(args *depthwiseArgs)

//go:noescape
func depthwise4AVX512(args *depthwiseArgs)

// fast computes count adjacent results, which is 1 or sharedPixels.
func (r *depthwiseRun) fast(y, x []float32, count int) {
	a := &r.args
	a.table, a.taps = uintptr(unsafe.Pointer(unsafe.SliceData(r.taps))), uintptr(len(r.taps))
	a.x, a.w, a.y, a.bias = address(x, 0), address(r.w, 0), address(y, 0), address(r.bias, 0)
	a.stepX, a.stepY, a.n = uintptr(4*r.stepX), uintptr(4*r.stepY), uintptr(r.channels)
	a.lowest, a.highest = r.lowest, r.highest
	switch {
	case active == AVX512 && count == 1:
		depthwise1AVX512(a)
	case active == AVX512:
		depthwise4AVX512(a)
	case count == 1:
		depthwise1AVX2(a)
	default:
		depthwise4AVX2(a)
	}
}
