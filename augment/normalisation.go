package augment

import (
	"fmt"
	"strconv"
	"strings"
)

// Normalisation is the scale and the channel order that a network's weights want:
//
//	out[c] = (in[c] - Mean[c]) / Std[c]
//
// where in is 0..255 in the order blue, green, red if BGR and red, green, blue otherwise; Mean and Std are in that order too.
type Normalisation struct {
	BGR  bool       `yaml:"bgr" json:"bgr"`
	Mean [3]float32 `yaml:"mean" json:"mean"`
	Std  [3]float32 `yaml:"std" json:"std"`
}

var (
	// Caffe is the normalisation of BVLC's networks: BGR minus the mean of ImageNet, not divided.
	Caffe = Normalisation{BGR: true, Mean: [3]float32{104, 117, 123}, Std: [3]float32{1, 1, 1}}

	// TorchGoogLeNet is what torchvision's pretrained GoogLeNet sees after its own transform_input, (x/255 - 0.5) / 0.5.
	TorchGoogLeNet = Normalisation{Mean: [3]float32{127.5, 127.5, 127.5}, Std: [3]float32{127.5, 127.5, 127.5}}

	// ImageNet is torchvision's usual normalisation, (x/255 - mean) / std with mean (0.485, 0.456, 0.406) and std (0.229, 0.224, 0.225).
	ImageNet = Normalisation{
		Mean: [3]float32{0.485 * 255, 0.456 * 255, 0.406 * 255},
		Std:  [3]float32{0.229 * 255, 0.224 * 255, 0.225 * 255},
	}
)

// NormalisationHelp says what ParseNormalisation reads.
const NormalisationHelp = "imagenet, half, caffe, or MEAN/STD in units of 0..255: one number or three with commas each, bgr: before them for that order"

// ParseNormalisation reads a normalisation as a command names it: "imagenet" (torchvision's usual),
// "half" ((x/255 - 0.5) / 0.5), "caffe" (BGR less 104, 117, 123), or MEAN/STD in units of 0..255,
// each one number or three: "127/128", "bgr:103.94,116.78,123.68/58.8". "0/255" brings images to
// 0..1.
func ParseNormalisation(text string) (Normalisation, error) {
	if n, ok := map[string]Normalisation{"imagenet": ImageNet, "half": TorchGoogLeNet, "caffe": Caffe}[text]; ok {
		return n, nil
	}
	numbers, bgr := strings.CutPrefix(text, "bgr:")
	mean, std, ok := strings.Cut(numbers, "/")
	n := Normalisation{BGR: bgr}
	if !ok || !parseThree(mean, &n.Mean) || !parseThree(std, &n.Std) {
		return n, fmt.Errorf("normalisation %q: expected %s", text, NormalisationHelp)
	}
	return n, n.Check()
}

// parseThree reads one number for all channels, or one for each.
func parseThree(text string, to *[3]float32) bool {
	parts := strings.Split(text, ",")
	if len(parts) == 1 {
		parts = []string{text, text, text}
	}
	for c := range to {
		if len(parts) != len(to) {
			return false
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(parts[c]), 32)
		if err != nil || v != v || v > 1e6 || v < -1e6 {
			return false
		}
		to[c] = float32(v)
	}
	return true
}

// Check reports a deviation that cannot be divided by.
func (n Normalisation) Check() error {
	for c := range 3 {
		if !(n.Std[c] > 0) {
			return fmt.Errorf("augment: normalisation: channel %d is divided by %v: it must be positive", c, n.Std[c])
		}
	}
	return nil
}

// table returns out for each input value; table[c] belongs to output channel c.
func (n Normalisation) table() (t [3][256]float32) {
	for c := range 3 {
		for v := range 256 {
			t[c][v] = (float32(v) - n.Mean[c]) / n.Std[c]
		}
	}
	return t
}

// plane is the stored plane (0 red, 1 green, 2 blue) of output channel c.
func (n Normalisation) plane(c int) int {
	if n.BGR {
		return 2 - c
	}
	return c
}

// Restore writes to dst [H*W*3] the RGB bytes that the normalised pixels src [H*W*3] came from: for showing a batch.
func (n Normalisation) Restore(dst []byte, src []float32) {
	for i := 0; i+2 < len(src); i += 3 {
		for c := range 3 {
			v := src[i+c]*n.Std[c] + n.Mean[c]
			dst[i+n.plane(c)] = byte(max(0, min(255, v+0.5)))
		}
	}
}
