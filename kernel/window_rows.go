package kernel

import (
	"math"
	"unsafe"
)

// tapRow is an input row of a window and its position there. The assembly reads tables of it.
type tapRow struct {
	row *float32
	tap uintptr
}

// maxRows writes the largest of several rows' elements to best, and the tap of the first row that has it to at, unless that is nil.
func maxRows(best []float32, at []uint8, rows []tapRow) {
	if len(rows) == 0 {
		Fill(best, float32(math.Inf(-1)))
		for i := range at {
			at[i] = EmptyWindow
		}
		return
	}
	done := 0
	if active != Generic {
		done = maxRowsFast(best, at, rows)
	}
	for i := done; i < len(best); i++ {
		var m float32
		var tap uintptr
		for k, r := range rows {
			if v := unsafe.Slice(r.row, len(best))[i]; k == 0 || v > m {
				m, tap = v, r.tap
			}
		}
		if best[i] = m; at != nil {
			at[i] = uint8(tap)
		}
	}
}

// whereRow is a window that may have taken its maximum from the input at hand: its gradients, its positions, and the position that this input is.
type whereRow struct {
	values *float32
	taps   *uint8
	tap    uintptr
}

// addWhereRows writes first plus the values of all rows where their taps match.
func addWhereRows(dst, first []float32, rows []whereRow) {
	done := 0
	if active != Generic {
		done = addWhereRowsFast(dst, first, rows)
	}
	for i := done; i < len(dst); i++ {
		s := first[i]
		for _, r := range rows {
			if uintptr(unsafe.Slice(r.taps, len(dst))[i]) == r.tap {
				s += unsafe.Slice(r.values, len(dst))[i]
			}
		}
		dst[i] = s
	}
}
