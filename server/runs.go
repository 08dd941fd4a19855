package server

import (
	"cmp"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/run"
)

type runView struct {
	Name  string `json:"name"`
	Steps int    `json:"steps"` // that were logged last
	Done  bool   `json:"done"`  // they are all that its settings ask for
}

// runFolders finds the runs: the folder that was named, where it is one, or those in it.
func (s *Server) runFolders() (map[string]run.Folder, error) {
	found := map[string]run.Folder{}
	if s.o.Runs == "" {
		return found, nil
	}
	is := func(path string) bool {
		info, err := os.Stat(run.Folder(path).Metrics())
		return err == nil && info.Mode().IsRegular()
	}
	if is(s.o.Runs) {
		found[filepath.Base(s.o.Runs)] = run.Folder(s.o.Runs)
		return found, nil
	}
	entries, err := os.ReadDir(s.o.Runs)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if path := filepath.Join(s.o.Runs, e.Name()); e.IsDir() && is(path) {
			found[e.Name()] = run.Folder(path)
		}
	}
	return found, nil
}

func (s *Server) getRuns(c *call) error {
	found, err := s.runFolders()
	if err != nil {
		return err
	}
	out := []runView{}
	for name, folder := range found {
		rows, err := run.ReadRows(folder.Metrics())
		if err != nil {
			continue // it is being made
		}
		v := runView{Name: name}
		for _, r := range rows {
			v.Steps = max(v.Steps, r.Step)
		}
		if settings, err := config.Read(folder.Config()); err == nil {
			v.Done = v.Steps >= settings.Steps()
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b runView) int { return cmp.Compare(a.Name, b.Name) })
	return c.json(http.StatusOK, map[string]any{"runs": out})
}

// getRun sends a run's table by columns. The name is looked up in the list: it is never a path.
func (s *Server) getRun(c *call) error {
	found, err := s.runFolders()
	if err != nil {
		return err
	}
	folder, ok := found[c.r.PathValue("name")]
	if !ok {
		return bad(http.StatusNotFound, "there is no run of that name")
	}
	rows, err := run.ReadRows(folder.Metrics())
	if err != nil {
		return err
	}
	columns := map[string][]*float64{"step": make([]*float64, len(rows))}
	for i, r := range rows {
		step := float64(r.Step)
		columns["step"][i] = &step
		for name, v := range r.Values {
			if columns[name] == nil {
				columns[name] = make([]*float64, len(rows))
			}
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				columns[name][i] = &v
			}
		}
	}
	return c.json(http.StatusOK, map[string]any{"columns": columns})
}
