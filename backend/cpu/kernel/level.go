package kernel

import (
	"fmt"
	"os"
)

// Level names a set of instructions that kernels are written for. Higher levels include lower ones.
type Level uint8

const (
	Generic Level = iota // plain Go
	AVX2                 // 256-bit vectors with fused multiply-add
	AVX512               // 512-bit vectors (F, BW, DQ, VL)
)

// String returns the level's name as environment variable DVML_CPU spells it.
func (l Level) String() string {
	switch l {
	case AVX2:
		return "avx2"
	case AVX512:
		return "avx512"
	}
	return "generic"
}

// ParseLevel is the inverse of Level.String.
func ParseLevel(s string) (Level, error) {
	for _, l := range []Level{Generic, AVX2, AVX512} {
		if s == l.String() {
			return l, nil
		}
	}
	return Generic, fmt.Errorf("kernel: %q is no instruction level; use generic, avx2 or avx512", s)
}

// Features returns the highest level that the processor can run.
func Features() Level { return detected }

// active is the level in use: what the processor can do, lowered by DVML_CPU.
var active = chooseLevel(os.Getenv("DVML_CPU"))

// Active returns the level that kernels run at: Features, or the lower one that environment variable DVML_CPU (generic, avx2, avx512) asks for.
// An unknown or too high value is ignored; ParseLevel tells.
func Active() Level { return active }

// SetActive lowers (or raises again) the level that kernels run at and returns the one before. It must not be called while kernels run, and plans
// made before it are not to be used after it; it serves tests and measurements.
func SetActive(l Level) Level {
	before := active
	active = min(l, detected)
	return before
}

func chooseLevel(asked string) Level {
	l, err := ParseLevel(asked)
	if err != nil {
		return detected
	}
	return min(l, detected)
}
