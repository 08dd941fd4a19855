package drawn

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
)

// chosen is what the drawing of one image chose, beside its class: a number for each of factorNames. They are drawn apart from each other and from the class.
type chosen [factors]float64

// Places in chosen.
const (
	poseX      = iota // of the object's middle from the image's, to the right, in halves of the image
	poseY             // downwards
	poseTurn          // in radians, clockwise
	poseAside         // |pose.x|: what a network that was trained on mirrored images too can tell of it
	poseTilt          // |pose.turn|
	poseScale         // half of the object's side, in halves of the image
	poseMirror        // 1 where it is mirrored
	colourWarm        // of the light: the logarithm of red, and of blue downwards
	colourTint        // of green
	colourRed         // of the background's two colours' mean, in linear light
	colourGreen
	colourBlue
	lightX // unit vector towards the light
	lightY
	lightGain // brightness of the whole image
	lightFall // how much brighter the side of the light is
	factors
)

var factorNames = [factors]string{
	poseX: "pose.x", poseY: "pose.y", poseTurn: "pose.turn", poseAside: "pose.aside", poseTilt: "pose.tilt", poseScale: "pose.scale", poseMirror: "pose.mirror",
	colourWarm: "colour.warm", colourTint: "colour.tint", colourRed: "colour.red", colourGreen: "colour.green", colourBlue: "colour.blue",
	lightX: "light.x", lightY: "light.y", lightGain: "light.gain", lightFall: "light.fall",
}

// writeFactors writes a table of all images, in the order of classes and images: the file's name in the set, the class's, and the factors, see
// Options.Factors. all is by class and image.
func (s *Set) writeFactors(path string, all []chosen) error {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	w.Write(append([]string{"picture", "class"}, factorNames[:]...)) //nolint:errcheck // kept until Error
	names := s.Names()
	for i, c := range all {
		name, file := names[i/s.options.PerClass], fileName(i%s.options.PerClass)
		row := []string{name + "/" + file, name}
		for _, v := range c {
			row = append(row, strconv.FormatFloat(v, 'g', 6, 64))
		}
		w.Write(row) //nolint:errcheck // kept until Error
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("drawn: factors: %w", err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o666); err != nil {
		return fmt.Errorf("drawn: factors: %w", err)
	}
	return nil
}
