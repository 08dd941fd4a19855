package kernel

import "fmt"

// Precision is what a convolution's products are taken of. Its operands and results are float32 in memory and its sums are float32, whichever it is.
type Precision uint8

const (
	Float32  Precision = iota
	BFloat16           // factors rounded to bfloat16, to nearest even; twice as fast where there is AVX512_BF16
)

// String returns "float32" or "bfloat16".
func (p Precision) String() string {
	if p == BFloat16 {
		return "bfloat16"
	}
	return "float32"
}

// CheckPrecision tells why products cannot be taken of p: bfloat16 needs the processor's AVX512_BF16, and the active level AVX512.
func CheckPrecision(p Precision) error {
	switch {
	case p == Float32 || p == BFloat16 && detectedBFloat16 && active == AVX512:
		return nil
	case p == BFloat16 && detectedBFloat16:
		return fmt.Errorf("kernel: products of bfloat16 need level avx512; %s is in use", active)
	case p == BFloat16:
		return fmt.Errorf("kernel: this processor has no instructions for products of bfloat16 (AVX512_BF16)")
	}
	return fmt.Errorf("kernel: there is no precision %d", p)
}
