package dvml

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"math"
	"os"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/vectors"
)

// maxBatch is how many images go through the network at once. Batches are powers of two, so that a network is compiled for few sizes.
const maxBatch = 32

// Size is the side, in pixels, of the square that photographs were scaled to before training, and are scaled to before they are embedded. Models
// that do not say (networks alone, checkpoints of before) take the size that photographs are prepared to by default, 256, or their crop where that
// is larger.
func (m *Model) Size() int {
	if m.info.Prepared.Size > 0 {
		return m.info.Prepared.Size
	}
	return max(imageset.DefaultSize, m.config.Image.Crop)
}

// Prepare decodes the bytes of a photograph as training's were: turned upright, scaled to Size x Size in the same way. It returns RGB planes
// [3,Size,Size].
func (m *Model) Prepare(photograph []byte) ([]byte, error) {
	return imageset.Decode(bytes.NewReader(photograph), m.Size(), m.fit)
}

// PrepareImage is Prepare of an image that is decoded and upright.
func (m *Model) PrepareImage(img image.Image) ([]byte, error) {
	return imageset.Planes(img, m.Size(), m.fit)
}

// EmbedFile returns the embedding [Dim] of the photograph in a file, of length 1.
func (m *Model) EmbedFile(ctx context.Context, path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pixels, err := m.Prepare(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m.EmbedPrepared(ctx, pixels)
}

// Embed returns the embeddings of images, [len(images)][Dim], each of length 1. Images are upright: what EXIF says of a file is EmbedFile's to read.
func (m *Model) Embed(ctx context.Context, images ...image.Image) ([][]float32, error) {
	var pixels []byte
	for i, img := range images {
		square, err := m.PrepareImage(img)
		if err != nil {
			return nil, fmt.Errorf("image %d: %w", i, err)
		}
		pixels = append(pixels, square...)
	}
	flat, err := m.EmbedPrepared(ctx, pixels)
	if err != nil {
		return nil, err
	}
	rows := make([][]float32, len(images))
	for i := range rows {
		rows[i] = flat[i*m.Dim() : (i+1)*m.Dim() : (i+1)*m.Dim()]
	}
	return rows, nil
}

// EmbedPrepared returns the embeddings [N,Dim], row after row and each of length 1, of prepared photographs [N,3,Size,Size].
func (m *Model) EmbedPrepared(ctx context.Context, pixels []byte) ([]float32, error) {
	square := 3 * m.Size() * m.Size()
	if len(pixels)%square != 0 {
		return nil, fmt.Errorf("%d bytes are not a whole number of photographs of 3 x %d x %d", len(pixels), m.Size(), m.Size())
	}
	return m.embedStored(ctx, pixels, m.Size())
}

// embedStored is EmbedPrepared of photographs [N,3,size,size].
func (m *Model) embedStored(ctx context.Context, pixels []byte, size int) ([]float32, error) {
	rows, err := m.forward(ctx, m.Kind(), pixels, size)
	if err != nil {
		return nil, err
	}
	rows = vectors.Shorten(rows, m.whole(), m.Dim())
	Normalise(rows, m.Dim())
	return rows, nil
}

// Normalise scales each row [dim] to length 1. A row of zeros stays.
func Normalise(rows []float32, dim int) {
	for ; len(rows) >= dim && dim > 0; rows = rows[dim:] {
		var squares float64
		for _, v := range rows[:dim] {
			squares += float64(v) * float64(v)
		}
		if squares == 0 {
			continue
		}
		scale := 1 / math.Sqrt(squares)
		for i, v := range rows[:dim] {
			rows[i] = float32(float64(v) * scale)
		}
	}
}

// forward runs the network over photographs [N,3,size,size], in batches of powers of two. With Mirror, the rows of a photograph and its mirror are added,
// each at length 1.
func (m *Model) forward(ctx context.Context, kind embed.Kind, pixels []byte, size int) ([]float32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, err := m.embedder(kind)
	if err != nil {
		return nil, err
	}
	plan := m.config.TestPlan()
	if err := plan.Check(size); err != nil {
		return nil, err
	}
	square := 3 * size * size
	var rows []float32
	for len(pixels) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := 1
		for n < maxBatch && 2*n*square <= len(pixels) {
			n *= 2
		}
		some, err := batch(e, plan, size, pixels[:n*square])
		if err != nil {
			return nil, err
		}
		if m.mirror && kind == m.Kind() {
			if err := addMirrored(some, e, plan, size, pixels[:n*square]); err != nil {
				return nil, err
			}
		}
		rows, pixels = append(rows, some...), pixels[n*square:]
	}
	return rows, nil
}

// embedder returns the compiled network for a kind of vector.
func (m *Model) embedder(kind embed.Kind) (*embed.Embedder, error) {
	if e, ok := m.embedders[kind]; ok {
		return e, nil
	}
	backend, err := m.engine()
	if err != nil {
		return nil, err
	}
	e, err := embed.New(backend, m.variables, m.network, kind, maxBatch)
	if err != nil {
		return nil, err
	}
	m.embedders[kind] = e
	return e, nil
}

// batch runs the network once.
func batch(e *embed.Embedder, plan augment.Plan, size int, pixels []byte) ([]float32, error) {
	input := 3 * plan.Crop * plan.Crop
	square := 3 * size * size
	images := make([]float32, len(pixels)/square*input)
	for i := range len(pixels) / square {
		plan.Apply(images[i*input:(i+1)*input], pixels[i*square:(i+1)*square], size, nil)
	}
	return e.Images(images, plan.Crop)
}

// addMirrored adds the rows of the mirrored photographs to rows; both come in at length 1.
func addMirrored(rows []float32, e *embed.Embedder, plan augment.Plan, size int, pixels []byte) error {
	mirrored := make([]byte, len(pixels))
	for at := 0; at < len(pixels); at += size {
		for x := range size {
			mirrored[at+x] = pixels[at+size-1-x]
		}
	}
	others, err := batch(e, plan, size, mirrored)
	if err != nil {
		return err
	}
	Normalise(rows, e.Dim())
	Normalise(others, e.Dim())
	for i, v := range others {
		rows[i] += v
	}
	return nil
}

// Heads is what all heads of the model make of photographs: z_I (not normalised) and, where the model was trained under DVML, the mean and the log
// variance of z_V.
type Heads = embed.Heads

// HeadsPrepared runs all heads on prepared photographs [N,3,Size,Size].
func (m *Model) HeadsPrepared(ctx context.Context, pixels []byte) (Heads, error) {
	if m.Headless() {
		return Heads{}, fmt.Errorf("%s is a network without heads: train on it first", m.path)
	}
	x, err := m.forward(ctx, embed.Features, pixels, m.Size())
	if err != nil {
		return Heads{}, err
	}
	backend, err := m.Engine()
	if err != nil {
		return Heads{}, err
	}
	return embed.HeadsOf(backend, m.variables, m.network, x)
}

// Rows returns vectors of the given kind, not normalised, of the images at indices of a data file, [len(indices), dim] row after row, batch images at
// a time. progress, where not nil, is told after each batch. Embeddings are mirrored and cut as the model was opened to.
func (m *Model) Rows(ctx context.Context, data *store.Reader, indices []int, kind embed.Kind, batch int, progress func(done, total int)) (rows []float32, dim int, err error) {
	if m.mirror && kind == m.Kind() {
		rows, err = m.mirroredRows(ctx, data, indices, batch, progress)
		return rows, m.Dim(), err
	}
	backend, err := m.Engine()
	if err != nil {
		return nil, 0, err
	}
	e, err := embed.New(backend, m.variables, m.network, kind, batch)
	if err != nil {
		return nil, 0, err
	}
	defer e.Close()
	rows, err = e.Rows(ctx, data, indices, m.config.TestPlan(), progress)
	if err != nil || kind != m.Kind() {
		return rows, e.Dim(), err
	}
	return vectors.Shorten(rows, e.Dim(), m.Dim()), m.Dim(), nil
}

// mirroredRows are embeddings of images of a data file, each the direction of its own and its mirror image's sum.
func (m *Model) mirroredRows(ctx context.Context, data *store.Reader, indices []int, batch int, progress func(done, total int)) (rows []float32, err error) {
	square := 3 * data.Size() * data.Size()
	pixels := make([]byte, batch*square)
	for at := 0; at < len(indices); at += batch {
		some := indices[at:min(at+batch, len(indices))]
		for k, i := range some {
			if err := data.ReadImage(i, pixels[k*square:(k+1)*square]); err != nil {
				return nil, err
			}
		}
		embeddings, err := m.embedStored(ctx, pixels[:len(some)*square], data.Size())
		if err != nil {
			return nil, err
		}
		rows = append(rows, embeddings...)
		if progress != nil {
			progress(min(at+batch, len(indices)), len(indices))
		}
	}
	return rows, nil
}
