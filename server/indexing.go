package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/index/gather"
)

// Phases of indexing.
const (
	phaseModel      = "opening the model"
	phaseListing    = "listing photographs"
	phaseEmbedding  = "indexing"
	phaseNeighbours = "neighbours"
)

// prepare opens the model, and brings the index in line with its folders.
func (s *Server) prepare(ctx context.Context) {
	if len(s.o.Folders) > 0 {
		s.events.progress(&progress{Phase: phaseModel})
		defer s.events.progress(nil)
	}
	path := s.o.Checkpoint
	if path == "" {
		if x, err := s.library.acquire(); err == nil {
			path = x.Model().Checkpoint
			x.release()
		}
	}
	m, err := s.load(ctx, path)
	if err != nil {
		if ctx.Err() == nil {
			s.o.Log.Warn("no model: only photographs of the index can be searched with", "error", err)
		}
		s.events.noModel()
		return
	}
	if len(s.o.Folders) == 0 {
		s.checkModel(m)
		return
	}
	if err := s.bringInLine(ctx, m); err != nil && ctx.Err() == nil {
		s.o.Log.Error("indexing stopped", "error", err)
	}
}

// checkModel warns where the model is another than the index's.
func (s *Server) checkModel(m *loaded) {
	x, err := s.library.acquire()
	if err != nil {
		return
	}
	defer x.release()
	if made := x.Model(); made.Fingerprint != m.made.Fingerprint {
		s.o.Log.Warn("the index was made with another model: only photographs of the index can be searched with", "index", made.Fingerprint[:min(12, len(made.Fingerprint))],
			"model", m.made.Fingerprint[:min(12, len(m.made.Fingerprint))])
	}
}

// bringInLine indexes what is new in the folders.
func (s *Server) bringInLine(ctx context.Context, m *loaded) (err error) {
	var w *index.Writer
	if index.Exists(s.o.Index) {
		w, err = index.OpenWriter(s.o.Index)
	} else {
		w, err = index.Create(s.o.Index, m.made)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if w.Model().Fingerprint != m.made.Fingerprint {
		return errors.New("the index was made with another model; `dvml index --rebuild` makes it anew")
	}
	changed, err := w.Calibrate(m.info.Calibration)
	if err == nil && changed {
		err = w.Commit()
	}
	if err != nil {
		return err
	}
	s.events.progress(&progress{Phase: phaseListing})
	summary, err := gather.Update(ctx, w, shared{m}, s.o.Folders, gather.Options{Fit: m.Fit(), Progress: s.counts(phaseEmbedding)})
	if err != nil {
		return err
	}
	s.o.Log.Info("indexed", "new", len(summary.Indexed), "unchanged", summary.Unchanged, "failed", len(summary.Failed), "gone", len(summary.Gone))
	if k := s.o.Neighbours; k > 0 && !w.HasGraph(k) {
		return w.BuildGraph(ctx, k, s.counts(phaseNeighbours))
	}
	return nil
}

// shared is a model that leaves room for requests: what is indexed goes through the same network in smaller batches.
type shared struct {
	*loaded
}

// EmbedPrepared embeds a few photographs at a time, so that no request waits for many.
func (m shared) EmbedPrepared(ctx context.Context, pixels []byte) (rows []float32, err error) {
	const few = 8
	square := 3 * m.Size() * m.Size()
	for len(pixels) > 0 && err == nil {
		some := pixels[:min(few*square, len(pixels))]
		var next []float32
		next, err = m.Model.EmbedPrepared(ctx, some)
		rows, pixels = append(rows, next...), pixels[len(some):]
	}
	return rows, err
}

// counts tells how far a phase is, ten times a second at most.
func (s *Server) counts(phase string) func(done, total int) {
	var mu sync.Mutex
	began := time.Now()
	var told time.Time
	return func(done, total int) {
		mu.Lock()
		defer mu.Unlock()
		if done < total && time.Since(told) < 100*time.Millisecond {
			return
		}
		told = time.Now()
		p := &progress{Done: done, Total: total, Phase: phase}
		if took := time.Since(began).Seconds(); took > 0 && done > 0 {
			p.Rate = float64(done) / took
			left := float64(total-done) / p.Rate
			p.ETA = &left
		}
		if x, err := s.library.acquire(); err == nil {
			p.Failed, _ = x.failed(context.Background()) //nolint:errcheck // it is told without
			x.release()
		}
		s.events.progress(p)
	}
}

// follow watches the index: it tells of every commit, and opens the model of an index that takes
// the place of the first.
func (s *Server) follow(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last int64 = -1
	tried := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.stopping.Done():
			return
		case <-tick.C:
		}
		x, err := s.library.acquire()
		if err != nil {
			continue
		}
		version, err := x.Version(ctx)
		made := x.Model()
		x.release()
		if err == nil && version != last {
			if last >= 0 {
				s.events.tell("index", map[string]int64{"version": version})
			}
			last = version
		}
		m := s.model.Load()
		if m == nil || m.made.Fingerprint == made.Fingerprint || tried == made.Fingerprint || s.events.indexing() != nil {
			continue
		}
		tried = made.Fingerprint
		if next, err := s.load(ctx, made.Checkpoint); err != nil {
			s.o.Log.Warn("the index is of another model now, which cannot be opened", "error", err)
		} else {
			s.checkModel(next)
		}
	}
}
