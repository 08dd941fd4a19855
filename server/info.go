package server

import (
	"net/http"
	"path/filepath"
	"strings"
)

type infoView struct {
	Version     string     `json:"version"`
	Index       indexView  `json:"index"` // of zeros while it is being made
	Model       *modelView `json:"model"`
	Indexing    *progress  `json:"indexing"`
	ReadOnly    bool       `json:"read_only"`
	TokenNeeded bool       `json:"token_needed"`
	Models      []string   `json:"models"` // that /v1/models/{name} knows
}

type indexView struct {
	FolderName string `json:"folder_name"`
	Items      int    `json:"items"`
	Failed     int    `json:"failed"`
	Version    int64  `json:"version"`
	Classes    int    `json:"classes_count"`
	HasGraph   bool   `json:"has_graph"`
	HasMap     bool   `json:"has_map"`

	Calibrated  bool     `json:"calibrated"`    // it knows what scores mean
	RateAtKnown *float64 `json:"rate_at_known"` // share of things in the index that are recognised as such, where it is calibrated
}

type modelView struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
	Dim         int    `json:"dim"`
	Size        int    `json:"size"`
	TrainedOn   int    `json:"trained_on"` // classes
}

func (s *Server) getInfo(c *call) error {
	v := infoView{Version: s.o.Version, Indexing: s.events.indexing(), ReadOnly: s.o.ReadOnly, TokenNeeded: s.o.Token != "", Models: []string{}}
	for _, o := range s.others {
		v.Models = append(v.Models, o.name)
	}
	v.Index.FolderName = strings.TrimSuffix(filepath.Base(s.o.Index), ".dvml")
	if x, err := s.shelf(c); err == nil {
		defer x.release()
		failed, err := x.failed(c.r.Context())
		if err != nil {
			return err
		}
		graph, err := x.HasGraph(c.r.Context())
		if err != nil {
			return err
		}
		drawn, err := x.HasMap(c.r.Context())
		if err != nil {
			return err
		}
		v.Index = indexView{FolderName: v.Index.FolderName, Items: x.Len(), Failed: failed, Version: x.snap.version, Classes: len(x.snap.classes()), HasGraph: graph, HasMap: drawn}
		if fitted := x.Calibration(); fitted != nil {
			rate := 1 - fitted.Open.Missed
			v.Index.Calibrated, v.Index.RateAtKnown = true, &rate
		}
	} else if v.Indexing == nil {
		return err
	}
	if m := s.model.Load(); m != nil {
		v.Model = &modelView{Name: m.name(), Fingerprint: m.made.Fingerprint, Dim: m.made.Dim, Size: m.Size(), TrainedOn: len(m.info.Classes)}
	}
	return c.json(http.StatusOK, v)
}

// getLive tells that the program runs, from the moment it listens.
func (s *Server) getLive(c *call) error {
	return c.json(http.StatusOK, map[string]string{"status": "live"})
}

// getReady tells that a photograph was embedded, and that the server is not about to stop. A server
// without a model is ready when its index is open.
func (s *Server) getReady(c *call) error {
	if s.draining.Load() {
		return &problem{status: http.StatusServiceUnavailable, detail: "the server is stopping"}
	}
	if s.model.Load() == nil && !s.events.without() {
		return &problem{status: http.StatusServiceUnavailable, detail: "the model is being opened", retry: 1e9}
	}
	return c.json(http.StatusOK, map[string]string{"status": "ready"})
}
