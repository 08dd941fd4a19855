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
var active, asked = chooseLevel(os.Getenv("DVML_CPU"), detected)

// Active returns the level that kernels run at: Features, or the lower one that environment variable DVML_CPU (generic, avx2, avx512) asks for.
func Active() Level { return active }

// Asked tells what is wrong with environment variable DVML_CPU: no level's name, or a level that this processor lacks. Features is in use then.
func Asked() error { return asked }

// SetActive lowers (or raises again) the level that kernels run at and returns the one before. It must not be called while kernels run, and plans
// made before it are not to be used after it; it serves tests and measurements.
func SetActive(l Level) Level {
	before := active
	active = min(l, detected)
	return before
}

// chooseLevel returns the level that name asks for, where had is the highest there is; an empty name asks for that.
func chooseLevel(name string, had Level) (Level, error) {
	if name == "" {
		return had, nil
	}
	l, err := ParseLevel(name)
	if err != nil {
		return had, fmt.Errorf("environment variable DVML_CPU: %w", err)
	}
	if l > had {
		return had, fmt.Errorf("environment variable DVML_CPU: kernel: this processor has no %s; its highest level is %s", l, had)
	}
	return l, nil
}
