package dvml

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/calibrate"
)

// Info tells what a model is.
type Info struct {
	Path        string             `json:"path"`        // of the file
	Fingerprint string             `json:"fingerprint"` // see Model.Fingerprint
	Dim         int                `json:"dim"`         // length of an embedding
	Headless    bool               `json:"headless"`    // the embedding is the network's pooled features: nothing was trained
	Backbone    string             `json:"backbone"`    // the network, in words
	Objective   string             `json:"objective,omitempty"`
	Loss        string             `json:"loss,omitempty"`
	Step        int                `json:"step"`              // steps that were taken
	Metrics     map[string]float64 `json:"metrics,omitempty"` // on the held-out classes, where this state was evaluated
	Classes     []string           `json:"classes,omitempty"` // names of the classes that it was trained on, where the file has them
	Size        int                `json:"size"`              // side of the square that photographs are scaled to
	Fit         string             `json:"fit"`               // how: stretch, crop or pad
	Crop        int                `json:"crop"`              // side of the network's input

	Calibration *calibrate.Calibration `json:"calibration,omitempty"` // what similarities mean, where the file says
}

// Info tells what the model is.
func (m *Model) Info() (Info, error) {
	print, err := m.Fingerprint()
	if err != nil {
		return Info{}, err
	}
	i := Info{
		Path: m.path, Fingerprint: print, Dim: m.Dim(), Headless: m.Headless(), Backbone: m.network.Backbone.String(),
		Step: m.info.Step, Metrics: maps.Clone(m.info.Metrics), Classes: slices.Clone(m.info.Names),
		Calibration: m.info.Calibration,
		Size:        m.Size(), Fit: m.fit.String(), Crop: m.config.Image.Crop,
	}
	if !i.Headless {
		i.Objective, i.Loss = m.config.Method.Objective, m.config.Method.Loss.Name
	}
	return i, nil
}

// Fingerprint names the embedding: a SHA-256, in hexadecimal, over the weights that it is made with, the network and how photographs are prepared.
// Vectors of equal fingerprints may be compared with one another; others may not.
func (m *Model) Fingerprint() (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "dvml embedding 1\n%s\n%+v\n%d %s %v %v\n", m.network.Backbone, m.config.TestPlan(), m.Size(), m.fit, m.mirror, m.Headless())
	fmt.Fprintf(h, "%x\n", sha256.Sum256(m.network.Backbone.Structure()))
	if !m.Headless() {
		fmt.Fprintf(h, "%d %v\n", m.config.Method.Dim, m.config.Method.FeatureNorm)
		if scale := m.config.Method.FeatureScale; scale != "none" {
			fmt.Fprintf(h, "%s\n", scale)
		}
	}
	if m.dims > 0 {
		fmt.Fprintf(h, "the first %d\n", m.dims)
	}
	var read []*model.Variable
	for v := range m.variables.IterVariables() {
		if strings.HasPrefix(v.Path(), "/backbone/") || !m.Headless() && embeds(v.Path()) {
			read = append(read, v)
		}
	}
	slices.SortFunc(read, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
	for _, v := range read {
		value, err := v.Value()
		if err != nil {
			return "", fmt.Errorf("%s: %w", v.Path(), err)
		}
		flat, err := tensors.CopyFlatData[float32](value)
		if err != nil {
			return "", fmt.Errorf("%s: %w", v.Path(), err)
		}
		fmt.Fprintf(h, "%s %v\n", v.Path(), value.Shape().Dimensions)
		raw := make([]byte, 0, 4*len(flat))
		for _, f := range flat {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
		}
		h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// embeds reports a variable of the heads that z_I is made with.
func embeds(path string) bool {
	return strings.HasPrefix(path, "/heads/z_i/") || strings.HasPrefix(path, "/heads/norm/")
}
