package export

import (
	"encoding/json"
	"strconv"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/internal/version"
)

// metadata is what the exported file says of the model. Values that are not text are JSON.
func metadata(m *dvml.Model, info dvml.Info) (map[string]string, error) {
	plan := m.Config().TestPlan()
	meta := map[string]string{
		"dvml.version":             version.Get().Version,
		"dvml.fingerprint":         info.Fingerprint,
		"dvml.backbone":            info.Backbone,
		"dvml.step":                strconv.Itoa(info.Step),
		backbone.MetaNormalisation: backbone.EncodeNormalisation(plan.Norm),
	}
	values := map[string]any{backbone.MetaPrepared: backbone.Prepared{Size: info.Size, Fit: info.Fit, Resize: plan.Resize, Crop: plan.Crop}}
	if !info.Headless {
		meta["dvml.objective"], meta["dvml.loss"] = info.Objective, info.Loss
	}
	if len(info.Classes) > 0 {
		values["dvml.classes"] = info.Classes
	}
	if len(info.Metrics) > 0 {
		values["dvml.metrics"] = info.Metrics
	}
	if info.Calibration != nil {
		values["dvml.calibration"] = info.Calibration
	}
	for key, v := range values {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		meta[key] = string(text)
	}
	return meta, nil
}
