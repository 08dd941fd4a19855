package index

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/dvml/dvml/calibrate"
)

// Calibration says what the scores of this index mean; nil: nobody knows. It is a copy of what the
// model's checkpoint held when `dvml index` last ran.
func (x *Index) Calibration() *calibrate.Calibration { return x.current.Load().calibration }

// Calibrate keeps what scores mean, and reports whether that is new. It counts from Commit on. Of
// nil nothing is kept: what the index knows stays.
func (w *Writer) Calibrate(c *calibrate.Calibration) (changed bool, err error) {
	if c == nil || reflect.DeepEqual(c, w.calibration) {
		return false, nil
	}
	if err := w.begin(); err != nil {
		return false, err
	}
	w.calibration = c
	return true, nil
}

// readCalibration reads what table meta keeps of it, which is nothing in an index of a model that is not calibrated.
func readCalibration(text string) (*calibrate.Calibration, error) {
	if text == "" {
		return nil, nil
	}
	c := new(calibrate.Calibration)
	if err := json.Unmarshal([]byte(text), c); err != nil {
		return nil, fmt.Errorf("the catalogue's calibration: %w", err)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("the catalogue's calibration: %w", err)
	}
	return c, nil
}
