package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"time"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/server/batch"
)

// loaded is a model that has embedded something, with the queue in front of it.
type loaded struct {
	Model
	made  index.Model
	info  dvml.Info
	queue *batch.Queue
}

// close waits until nothing is asked of the model any more, and closes it.
func (m *loaded) close() {
	m.queue.Close()
	m.Close() //nolint:errcheck // it only frees memory
}

// retire is close of a model that another has taken the place of.
func (m *loaded) retire() {
	for m.queue.Held() > 0 {
		time.Sleep(50 * time.Millisecond)
	}
	m.close()
}

// load opens a model and embeds a drawn photograph in batches of all sizes, so that nobody waits
// for that later. It then is the server's.
func (s *Server) load(ctx context.Context, path string) (*loaded, error) {
	if s.o.Open == nil || path == "" {
		return nil, errors.New("no model is named")
	}
	opened, err := s.o.Open(path)
	if err != nil {
		return nil, err
	}
	m := &loaded{Model: opened}
	if m.made, err = m.ForIndex(); err == nil {
		m.info, err = m.Info()
	}
	if err == nil {
		m.queue = batch.New(s.o.Batch, s.embedder(opened), s.metrics.batch)
		err = s.warm(ctx, m)
	}
	limit := s.o.Batch.Capacity
	if err == nil && s.o.Patience > 0 {
		limit, err = s.patient(ctx, m)
		m.queue.Limit(limit)
	}
	if err != nil {
		if m.queue != nil {
			m.queue.Close()
		}
		return nil, errors.Join(err, opened.Close())
	}
	if old := s.model.Swap(m); old != nil {
		s.work.Go(old.retire)
	}
	s.o.Log.Info("ready", "model", m.made.Fingerprint[:min(12, len(m.made.Fingerprint))], "images_per_second", int(m.queue.Rate()), "queue", limit)
	return m, nil
}

// patient is how many photographs the queue may hold so that the last one takes Patience times as
// long as one alone: those before it are decoded, on as many processors as there are decoders, and
// go through the network in batches that will be small.
func (s *Server) patient(ctx context.Context, m *loaded) (int, error) {
	const small, tries = 4, 3
	photograph, err := jpegOf(drawing(640, 480))
	if err != nil {
		return 0, err
	}
	decode, alone, batched := time.Hour, time.Hour, time.Hour // the least of some tries: what others do on the machine does not count
	for range tries {
		began := time.Now()
		pixels, err := m.Prepare(photograph)
		if err != nil {
			return 0, err
		}
		decode = min(decode, time.Since(began))
		for _, of := range []struct {
			n    int
			took *time.Duration
		}{{1, &alone}, {small, &batched}} {
			began = time.Now()
			if _, err := m.EmbedPrepared(ctx, bytes.Repeat(pixels, of.n)); err != nil {
				return 0, err
			}
			*of.took = min(*of.took, time.Since(began)/time.Duration(of.n))
		}
	}
	each := batched + decode/time.Duration(cap(s.decoders))
	return max(2, int(s.o.Patience*float64(decode+alone)/float64(max(each, 1)))), nil
}

// embedder runs batches through a model.
func (s *Server) embedder(m Model) batch.Run {
	return func(images [][]byte) ([][]float32, error) {
		var pixels []byte
		for _, i := range images {
			pixels = append(pixels, i...)
		}
		flat, err := m.EmbedPrepared(context.Background(), pixels)
		if err != nil {
			return nil, err
		}
		rows := make([][]float32, len(images))
		for i := range rows {
			rows[i] = flat[i*m.Dim() : (i+1)*m.Dim() : (i+1)*m.Dim()]
		}
		return rows, nil
	}
}

// drawing is a picture of so many pixels that is not all alike.
func drawing(w, h int) image.Image {
	drawn := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			drawn.SetRGBA(x, y, color.RGBA{uint8(4 * x), uint8(5 * y), uint8(x * y / 12), 255})
		}
	}
	return drawn
}

func jpegOf(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, nil)
	return b.Bytes(), err
}

func (s *Server) warm(ctx context.Context, m *loaded) error {
	pixels, err := m.PrepareImage(drawing(64, 48))
	if err != nil {
		return err
	}
	most := min(s.o.Batch.MaxBatch, s.o.Batch.Capacity)
	for _, n := range []int{1, most, most} { // the second time that a size is met tells the rate
		p, err := m.queue.Reserve(n)
		if err != nil {
			return err
		}
		images := make([][]byte, n)
		for i := range images {
			images[i] = pixels
		}
		rows, _, err := p.Embed(ctx, images)
		p.Release()
		if err != nil {
			return err
		}
		if len(rows[0]) != m.made.Dim {
			return fmt.Errorf("the model gave %d values; expected %d", len(rows[0]), m.made.Dim)
		}
	}
	return nil
}

// embeds returns the model, which has to be open and, where x is given, to be the one that index x was made with.
func (s *Server) embeds(x *opened) (*loaded, error) {
	m := s.model.Load()
	if m == nil {
		return nil, &problem{http.StatusServiceUnavailable, "the model is not open (yet); photographs of the index can be searched with", "starting", time.Second}
	}
	if x != nil && x.Model().Fingerprint != m.made.Fingerprint {
		return nil, &problem{http.StatusServiceUnavailable, "the index is of another model than the one that is open; photographs of the index can be searched with",
			"starting", time.Second}
	}
	return m, nil
}
