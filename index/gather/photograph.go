package gather

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/image/draw"

	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
)

// read reads a file and, where its content is new, decodes it. mu guards the index.
func (u *update) read(mu *sync.Mutex, place index.Place) *photograph {
	p := &photograph{place: place}
	data, err := os.ReadFile(place.Path)
	if err != nil {
		p.err = err
		return p
	}
	p.hash = sha256.Sum256(data)
	mu.Lock()
	_, err = u.w.Find(p.hash)
	mu.Unlock()
	if !errors.Is(err, index.ErrUnknown) {
		p.known, p.err = err == nil, err
		return p
	}
	if p.w, p.h, err = imageset.Size(data); err != nil {
		p.err = err
		return p
	}
	if p.pixels, err = u.m.Prepare(data); err != nil {
		p.err = err
		return p
	}
	p.thumbnail, p.err = thumbnail(p.pixels, u.m.Size(), p.w, p.h, u.o.Fit)
	return p
}

// take puts a photograph that was read where it belongs.
func (u *update) take(p *photograph) error {
	switch {
	case p.err != nil:
		reason := reasonOf(p.err)
		u.s.Failed = append(u.s.Failed, index.Failure{Path: p.place.Path, Reason: reason})
		return u.w.Fail(p.place.Path, reason, p.place.Bytes, p.place.Modified)
	case p.known:
		return u.again(p)
	}
	u.ready = append(u.ready, p)
	if len(u.ready) < batch {
		return nil
	}
	return u.embed()
}

// again gives a photograph that is in the index one more place.
func (u *update) again(p *photograph) error {
	id, err := u.w.Find(p.hash)
	if err != nil {
		return err
	}
	before, place, err := u.w.Place(p.place.Path)
	switch former, moved := u.lost[id]; {
	case err == nil && before == id && place.Gone:
		u.s.Back = append(u.s.Back, p.place.Path)
	case err == nil && before == id: // it was touched, no more
		u.s.Unchanged++
	case moved:
		u.s.Moved = append(u.s.Moved, Copy{p.place.Path, former})
	default:
		of, err := u.w.PathOf(id)
		if err != nil {
			return err
		}
		u.s.Copies = append(u.s.Copies, Copy{p.place.Path, of})
	}
	return u.w.Put(id, p.place)
}

// embed embeds what is decoded and puts it in.
func (u *update) embed() error {
	if len(u.ready) == 0 {
		return nil
	}
	var pixels []byte
	for _, p := range u.ready {
		pixels = append(pixels, p.pixels...)
	}
	vectors, err := u.m.EmbedPrepared(u.ctx, pixels)
	if err != nil {
		return err
	}
	dim := len(vectors) / len(u.ready)
	for i, p := range u.ready {
		if _, err := u.w.Find(p.hash); err == nil { // twice in one batch
			if err := u.again(p); err != nil {
				return err
			}
			continue
		}
		v := vectors[i*dim:][:dim]
		id, err := u.w.Add(index.Photograph{Hash: p.hash, Vector: v, Thumbnail: p.thumbnail, Width: p.w, Height: p.h, Bytes: p.place.Bytes})
		if err != nil {
			return fmt.Errorf("%s: %w", p.place.Path, err)
		}
		if _, before, err := u.w.Place(p.place.Path); err == nil && !before.Gone {
			u.s.Changed = append(u.s.Changed, p.place.Path)
		}
		if err := u.w.Put(id, p.place); err != nil {
			return err
		}
		u.s.Indexed = append(u.s.Indexed, p.place.Path)
	}
	u.ready = u.ready[:0]
	if time.Since(u.committed) < commitEvery {
		return nil
	}
	u.committed = time.Now()
	return u.w.Commit()
}

// reasonOf is an error without the path, which stands beside it.
func reasonOf(err error) string {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// thumbSide is the longer side of a thumbnail, in pixels.
const thumbSide = 160

// thumbnail makes a small JPEG of a photograph of w x h pixels from its prepared square, in the photograph's shape.
func thumbnail(pixels []byte, size, w, h int, fit imageset.Fit) ([]byte, error) {
	square := image.NewRGBA(image.Rect(0, 0, size, size))
	area := size * size
	for i := range area {
		copy(square.Pix[4*i:], []byte{pixels[i], pixels[area+i], pixels[2*area+i], 255})
	}
	from, shape := square.Rect, image.Pt(w, h)
	longer := max(w, h)
	switch fit {
	case imageset.Crop: // what was cut off is not there
		shape, longer = image.Pt(1, 1), 1
	case imageset.Pad:
		in := image.Pt(max(1, size*w/longer), max(1, size*h/longer))
		from = image.Rectangle{Max: in}.Add(image.Pt((size-in.X)/2, (size-in.Y)/2))
	}
	out := image.NewRGBA(image.Rect(0, 0, max(1, thumbSide*shape.X/longer), max(1, thumbSide*shape.Y/longer)))
	draw.CatmullRom.Scale(out, out.Rect, square, from, draw.Src, nil)
	var b bytes.Buffer
	err := jpeg.Encode(&b, out, &jpeg.Options{Quality: 82})
	return slices.Clip(b.Bytes()), err
}
