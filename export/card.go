package export

import (
	_ "embed"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/internal/version"
)

//go:embed card.md.tmpl
var cardText string

var cardTemplate = template.Must(template.New("card").Funcs(template.FuncMap{"share": func(wrong float64) float64 { return 100 * (1 - wrong) }}).Parse(cardText))

// card is what the template of a model card reads.
type card struct {
	Info                                       dvml.Info
	File, Title, Library, Version, Objective   string
	Fingerprint, Fit, Classes, Mean, Deviation string
	Dim, Resize                                int
	ONNX, Torchvision                          bool
	Metrics                                    []metric
}

type metric struct {
	Name  string
	Value float64
}

// Card writes a model card, in Markdown as model hubs read it, for the model in file, which [ONNX]
// or [Safetensors] made.
func Card(m *dvml.Model, file string) (string, error) {
	info, err := m.Info()
	if err != nil {
		return "", err
	}
	plan := m.Config().TestPlan()
	c := card{Info: info, File: filepath.Base(file), Library: "onnx", Version: version.Get().Version, Fingerprint: info.Fingerprint[:12], Dim: m.Dim(),
		ONNX: strings.EqualFold(filepath.Ext(file), ".onnx"), Classes: listed(info.Classes)}
	c.Title = strings.TrimSuffix(c.File, filepath.Ext(c.File))
	c.Objective = fmt.Sprintf("the loss %s", info.Loss)
	if info.Objective == "dvml" {
		c.Objective = fmt.Sprintf("Deep Variational Metric Learning around the loss %s", info.Loss)
	}
	c.Fit = map[string]string{"stretch": "stretched to", "crop": "cut to a square and scaled to", "pad": "scaled to fit into, and padded with grey to,"}[info.Fit]
	if plan.Resize != info.Size {
		c.Resize = plan.Resize
	}
	if s, ok := m.Network().Backbone.(googlenet.Spec); ok && !c.ONNX {
		c.Library, c.Torchvision = "pytorch", s.Form == googlenet.BN && s.Width == 1 && info.Fit == "stretch" && c.Resize == 0 && !plan.Norm.BGR
	}
	c.Mean, c.Deviation = numbers(plan.Norm.Mean), numbers(plan.Norm.Std)
	for _, name := range slices.SortedFunc(maps.Keys(info.Metrics), byNumber) {
		c.Metrics = append(c.Metrics, metric{name, info.Metrics[name]})
	}
	var text strings.Builder
	err = cardTemplate.Execute(&text, c)
	return text.String(), err
}

// listed names the first classes.
func listed(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// numbers writes a list as Python does.
func numbers(v [3]float32) string { return fmt.Sprintf("[%v, %v, %v]", v[0], v[1], v[2]) }

// byNumber orders names, and those that differ in the number at their end by it.
func byNumber(a, b string) int {
	stem := func(s string) string { return strings.TrimRight(s, "0123456789") }
	if stem(a) != stem(b) {
		return strings.Compare(a, b)
	}
	x, _ := strconv.Atoi(a[len(stem(a)):])
	y, _ := strconv.Atoi(b[len(stem(b)):])
	return x - y
}
