package train

import (
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/loader"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/tensorboard"
)

// redraw is how often the curves are drawn anew while a run lasts, at most: drawing takes longer than many an evaluation.
const redraw = 10 * time.Second

// curves draws the losses and the metrics so far, where something has come since it last did: unless it was only just, or the run is over.
func (l *logs) curves(over bool) error {
	if !l.undrawn || !over && time.Since(l.drawn) < redraw {
		return nil
	}
	defer func() { l.undrawn, l.drawn = false, time.Now() }()
	rows, err := run.ReadRows(l.folder.Metrics())
	if err != nil {
		return err
	}
	c := l.config
	var marks []float64
	at := 0
	for _, p := range c.Phases[:len(c.Phases)-1] {
		at += p.Steps
		marks = append(marks, float64(at))
	}
	var recalls []string
	for _, k := range c.Evaluate.K {
		recalls = append(recalls, fmt.Sprintf("R@%d", k))
	}
	panels := []figure.Panel{
		panel(rows, "Metric losses", marks, run.Synthetic, run.Invariant),
		panel(rows, "KL and reconstruction", marks, run.KL, run.Reconstruction),
		panel(rows, "Classifier: cross entropy", marks, run.Classifier),
		panel(rows, "Recall@K, held-out classes", marks, recalls...),
		panel(rows, "NMI, F1, MAP@R, held-out classes", marks, "NMI", "F1", "MAP@R"),
		panel(rows, "Distances and norm", marks, run.PositiveDist, run.NegativeDist, run.EmbeddingNorm),
		panel(rows, "Share of active terms, spread of the embeddings (collapse: 0)", marks, run.Active, run.Spread, run.HeldOutSpread),
	}
	panels = slices.DeleteFunc(panels, func(p figure.Panel) bool { return len(p.Series) == 0 })
	img, err := figure.Curves(panels)
	if err != nil {
		return fmt.Errorf("curves: %w", err)
	}
	return figure.WritePNG(l.folder.Curves(), img)
}

func panel(rows []run.Row, title string, marks []float64, columns ...string) figure.Panel {
	p := figure.Panel{Title: title, XLabel: "step", Marks: marks}
	for _, c := range columns {
		x, y := run.Series(rows, c)
		if len(x) == 0 {
			continue // a part that the method does not have
		}
		p.Series = append(p.Series, figure.Series{Name: c, X: x, Y: y})
	}
	return p
}

// batchPictures is how many images of a batch are shown.
const batchPictures = 16

// batchPicture shows images of a batch as the network sees them.
func batchPicture(b *loader.Batch, c config.Image) image.Image {
	side := c.Crop
	each := side * side * 3
	pixels := make([]byte, each)
	var images []image.Image
	for i := range min(batchPictures, len(b.Labels)) {
		c.Normalisation.Restore(pixels, b.Images[i*each:(i+1)*each])
		img := image.NewRGBA(image.Rect(0, 0, side, side))
		for p := range side * side {
			img.Pix[4*p], img.Pix[4*p+1], img.Pix[4*p+2], img.Pix[4*p+3] = pixels[3*p], pixels[3*p+1], pixels[3*p+2], 255
		}
		images = append(images, img)
	}
	return figure.Sprite(images, min(side, 128))
}

// graph writes the model's graph for TensorBoard.
func (l *logs) graph(m *method.Model) error {
	var nodes []tensorboard.Node
	for _, n := range m.Backbone.Nodes(l.config.Image.Crop) {
		n.Name, n.Inputs = "backbone/"+n.Name, slices.Clone(n.Inputs)
		for i := range n.Inputs {
			n.Inputs[i] = "backbone/" + n.Inputs[i]
		}
		nodes = append(nodes, tensorboard.Node(n))
	}
	features := nodes[len(nodes)-1].Name
	for _, n := range m.Method.Nodes(m.Backbone.Features(), m.Classes) {
		if at := slices.Index(n.Inputs, "features"); at >= 0 {
			n.Inputs[at] = features
		}
		nodes = append(nodes, tensorboard.Node(n))
	}
	if err := l.events.Graph(nodes); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	return nil
}

// projector writes the last evaluation's embeddings for TensorBoard's projector, with class names and thumbnails.
func (l *logs) projector(step int, e *evaluator) error {
	if len(e.embeddings) == 0 {
		return nil
	}
	r, size, test := e.data.reader, e.data.reader.Size(), e.data.test
	const widest = 8192 // pixels, what the projector takes
	thumb := min(64, widest/int(math.Ceil(math.Sqrt(float64(len(test))))))
	labels := make([]string, len(test))
	images := make([]image.Image, len(test))
	planes := make([]byte, 3*size*size)
	for i, n := range test {
		labels[i] = r.Classes()[e.labels[i]]
		if err := r.ReadImage(n, planes); err != nil {
			return fmt.Errorf("projector: %w", err)
		}
		images[i] = thumbnail(planes, size, thumb)
	}
	sprite := figure.Sprite(images, thumb)
	if err := l.events.Projector("z_i", step, e.embeddings, l.config.Method.Dim, labels, sprite, thumb); err != nil {
		return fmt.Errorf("projector: %w", err)
	}
	return nil
}

// thumbnail scales planes [3,size,size] to thumb x thumb, each pixel the mean of what it covers, so that thousands stay small in memory.
func thumbnail(planes []byte, size, thumb int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, thumb, thumb))
	for y := range thumb {
		y0, y1 := y*size/thumb, max((y+1)*size/thumb, y*size/thumb+1)
		for x := range thumb {
			x0, x1 := x*size/thumb, max((x+1)*size/thumb, x*size/thumb+1)
			at := img.PixOffset(x, y)
			for c := range 3 {
				sum := 0
				for j := y0; j < y1; j++ {
					for i := x0; i < x1; i++ {
						sum += int(planes[c*size*size+j*size+i])
					}
				}
				img.Pix[at+c] = byte(sum / ((y1 - y0) * (x1 - x0)))
			}
			img.Pix[at+3] = 255
		}
	}
	return img
}
