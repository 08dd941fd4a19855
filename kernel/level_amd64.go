package kernel

import "golang.org/x/sys/cpu"

var (
	detected         = detect()
	detectedBFloat16 = detected == AVX512 && cpu.X86.HasAVX512BF16
)

func detect() Level {
	x := &cpu.X86
	switch {
	case x.HasBMI2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasFMA && x.HasAVX2:
		return AVX512
	case x.HasAVX2 && x.HasFMA:
		return AVX2
	}
	return Generic
}
