package report

import "slices"

// settingsTable is the runs' settings: those that all runs share, and a row for each of the others with a column for each run.
type settingsTable struct {
	Runs    []string
	Common  []Setting
	Differs []settingRow
}

type settingRow struct {
	Name   string
	Values []string // by run; "–" where a run does not have it
}

func (r Report) settings() settingsTable {
	var t settingsTable
	var names []string
	var values []map[string]string
	for _, run := range r.Runs {
		if run.Settings == nil {
			continue
		}
		t.Runs = append(t.Runs, run.Name)
		has := map[string]string{}
		for _, s := range run.Settings {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
			has[s.Name] = s.Value
		}
		values = append(values, has)
	}
	for _, name := range names {
		row := settingRow{Name: name}
		same := true
		for _, has := range values {
			v, ok := has[name]
			if !ok {
				v = "–"
			}
			row.Values = append(row.Values, v)
			same = same && ok && v == row.Values[0]
		}
		if same {
			t.Common = append(t.Common, Setting{name, row.Values[0]})
		} else {
			t.Differs = append(t.Differs, row)
		}
	}
	return t
}
