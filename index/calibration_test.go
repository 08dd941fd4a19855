package index

import (
	"reflect"
	"strings"
	"testing"

	"github.com/dvml/dvml/calibrate"
)

// A calibration is found again by readers that are open, by later readers and writers, and after a
// compaction; an index without one opens too.
func TestCalibration(t *testing.T) {
	folder := filled(t, 20)
	x, err := Open(folder)
	must(t, err)
	defer x.Close()
	if x.Calibration() != nil {
		t.Fatal("a calibration from nowhere")
	}
	want := &calibrate.Calibration{
		Curve: calibrate.Curve{Form: calibrate.Isotonic, Points: []float64{.1, 1. / 3}, P: []float64{.2, .9}}, Share: .01, Images: 7, Classes: 4,
		Open: calibrate.Open{Threshold: .5, Missed: .1, False: .2, Gallery: 3, Things: 2},
	}
	w, err := OpenWriter(folder)
	must(t, err)
	for i, changes := range []bool{true, false, false} {
		c := []*calibrate.Calibration{want, want, nil}[i]
		if changed, err := w.Calibrate(c); err != nil || changed != changes {
			t.Errorf("call %d: changed %v, %v", i, changed, err)
		}
	}
	must(t, w.Commit())
	must(t, w.Compact())
	must(t, w.Close())
	_, err = x.Version(t.Context())
	must(t, err)
	later, err := Open(folder)
	must(t, err)
	defer later.Close()
	w, err = OpenWriter(folder)
	must(t, err)
	for i, got := range []*calibrate.Calibration{x.Calibration(), later.Calibration(), w.calibration} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("reader %d: %+v; expected %+v", i, got, want)
		}
	}
	must(t, w.begin())
	_, err = w.tx.Exec("update meta set value = '{\"share\": 3}' where key = 'calibration'")
	must(t, err)
	must(t, w.tx.Commit())
	w.tx = nil
	must(t, w.Close())
	if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), "calibration") {
		t.Errorf("a calibration that is none: %v", err)
	}
}
