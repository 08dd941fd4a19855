package onnx

import (
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	_ "github.com/gomlx/compute/gobackend" // in which shapes are worked out
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas

	"github.com/dvml/dvml/backbone"
)

// sketch builds the named values and all they need for images of the given size in a graph of its own that is never run: it tells their shapes, what is
// constant and what it costs.
func (n *Network) sketch(batch, height, width int, names ...string) (b *builder, err error) {
	backend, err := sketchBackend()
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, asError(r)
		}
	}()
	g := NewGraph(backend, "sketch")
	nodes := n.needed(names, nil)
	b = n.begin(g, nodes, names...)
	b.read = func(w *Weight) *Node {
		return Parameter(g, w.Path, shapes.Make(dtypes.Float32, w.Shape...))
	}
	b.start(Parameter(g, "images", shapes.Make(dtypes.Float32, batch, height, width, 3)))
	b.run(nodes)
	return b, nil
}

// sketchBackend is shared: it holds no more than what the builders of graphs need.
var sketchBackend = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("go:ops_sequential") })

func asError(r any) error {
	if err, ok := r.(error); ok {
		return err
	}
	return fmt.Errorf("%v", r)
}

// start gives the network its images [B,H,W,3]. A network that was exported for one size of batch gets what it takes to free it; one whose images are
// not square gets square ones stretched to its shape.
func (b *builder) start(images *Node) {
	d := images.Shape().Dimensions
	if h, w := b.Input.Height, b.Input.Width; h > 0 && w > 0 && h != w && d[1] == d[2] {
		v := nodeValue(images)
		for axis, size := range []int{h, w} {
			v = b.resampled(v, 1+axis, size, float64(size)/float64(d[1]), resampling{mode: "linear", coordinates: "half_pixel", antialias: true})
		}
		images = v.straight(b.g)
		d = images.Shape().Dimensions
	}
	if fixed := b.declaredBatch(); fixed > 0 && fixed != d[0] {
		at, err := b.sketch(fixed, d[1], d[2], b.asked...)
		if err != nil {
			panic(err)
		}
		b.declared, b.fixed, b.batch = map[string][]int{}, map[string]*constant{}, d[0]
		for name, v := range at.values {
			if v.waiting == nil {
				b.declared[name] = v.dims()
			}
			if v.constant != nil {
				b.fixed[name] = v.constant
			}
		}
	}
	b.values[b.Input.Name] = nodeValue(images)
	if b.Input.ChannelsFirst {
		b.values[b.Input.Name] = fromChannelsLast(images)
	}
}

// sketchFeatures is sketch up to the features, which are the value called Features.
func (n *Network) sketchFeatures(batch, height, width int, output string) (b *builder, err error) {
	b, err = n.sketch(batch, height, width, output)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, asError(r)
		}
	}()
	b.values[backbone.Features] = nodeValue(b.features(output))
	return b, nil
}
