package cpu

import (
	"syscall"
	"unsafe"
)

// large is the size of a large page where it is smallest; on other machines the system rounds.
const large = 2 << 20

// inLargePages asks for large pages beneath memory that is passed over from end to end: there are too many small ones for the processor to remember where
// they lie, and it does not read ahead from one into the next. Advice alone: where it is not taken, nothing else changes.
func inLargePages(memory []byte) {
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(memory))) & (large - 1))
	if n := (len(memory) - skip) / large * large; n > 0 {
		_ = syscall.Madvise(memory[skip:skip+n], syscall.MADV_HUGEPAGE)
	}
}
