package figure

import (
	"image"
	"math/rand/v2"
	"testing"
)

func TestMapHoldsItsPoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	places, classes := make([][2]float32, 900), make([]int, 900)
	for i := range places {
		places[i], classes[i] = [2]float32{float32(rng.NormFloat64()), float32(3 * rng.NormFloat64())}, i%4-1
	}
	places[0] = [2]float32{1e6, 1e6} // one that strayed is drawn at the edge
	at, height := inFrame(places, image.Pt(10, 20))
	far := 0
	for i, p := range at {
		if p[0] < 10 || p[0] > 10+mapSide || p[1] < 20 || p[1] > 20+float64(height) {
			t.Fatalf("point %d is drawn at %v, outside of the map", i, p)
		}
		if d := p[1] - 20 - float64(height)/2; d > float64(height)/8 || d < -float64(height)/8 {
			far++
		}
	}
	if far < 300 {
		t.Errorf("%d of 900 points are away from the middle: the one that strayed made the rest small", far)
	}
	asked := 0
	img, err := Map(places, classes, []string{"a", "b", "c"}, func(int) image.Image {
		asked++
		return image.NewRGBA(image.Rect(0, 0, 8, 8))
	}, "900 photographs")
	if err != nil || img.Bounds().Dx() != mapSide+2*margin || asked < 20 || asked == 900 {
		t.Errorf("%v, %d thumbnails", err, asked)
	}
	if _, err := Map(places, classes[1:], nil, nil, ""); err == nil {
		t.Error("a place without a class was drawn")
	}
	if img, err := Map(nil, nil, nil, nil, ""); err != nil || img == nil {
		t.Errorf("no photographs: %v", err)
	}
}
