package report

import "slices"

// settingsTable is the runs' settings: those that all runs share, and a table of the others.
type settingsTable struct {
	Any     bool // whether any run says its settings
	Common  []Setting
	Differs grid
}

// grid is a table whose first column names its rows.
type grid struct {
	Header []string
	Rows   [][]string // "–" where a run does not have a setting
}

// turned is g with rows for columns.
func (g grid) turned(corner string) grid {
	t := grid{Header: []string{corner}}
	for _, row := range g.Rows {
		t.Header = append(t.Header, row[0])
	}
	for j, name := range g.Header[1:] {
		row := []string{name}
		for _, of := range g.Rows {
			row = append(row, of[j+1])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (r Report) settings() settingsTable {
	t := settingsTable{Differs: grid{Header: []string{"setting"}}}
	var names []string
	var values []map[string]string
	for _, run := range r.Runs {
		if run.Settings == nil {
			continue
		}
		t.Any = true
		t.Differs.Header = append(t.Differs.Header, run.Name)
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
		var row []string
		same := true
		for _, has := range values {
			v, ok := has[name]
			if !ok {
				v = "–"
			}
			row = append(row, v)
			same = same && ok && v == row[0]
		}
		if same {
			t.Common = append(t.Common, Setting{name, row[0]})
		} else {
			t.Differs.Rows = append(t.Differs.Rows, append([]string{name}, row...))
		}
	}
	if n := len(t.Differs.Rows); n > 0 && len(values) > n { // the longer side runs down the page
		t.Differs = t.Differs.turned("run")
	}
	return t
}
