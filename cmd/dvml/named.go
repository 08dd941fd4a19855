package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/run"
)

// thing is what lies at a path that a user has named, in words.
type thing string

const (
	nothing    thing = ""
	dataFile   thing = "a data file"
	weightFile thing = "a file of weights"
	network    thing = "a network in an ONNX file"
	photo      thing = "a photograph"
	table      thing = "a table or a file of embeddings"
	archived   thing = "an archive"
	runFolder  thing = "the folder of a run"
	indexed    thing = "an index"
	folder     thing = "a folder"
	other      thing = "a file of another kind"
)

// whatIs looks at what lies at path: its name and its first bytes.
func whatIs(path string) thing {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nothing
	case info.IsDir() && isRun(run.Folder(path)):
		return runFolder
	case info.IsDir() && index.Exists(path):
		return indexed
	case info.IsDir():
		return folder
	case !info.Mode().IsRegular():
		return other
	}
	var head [16]byte
	if f, err := os.Open(path); err == nil {
		f.Read(head[:]) //nolint:errcheck // a file that cannot be read is of no known kind
		f.Close()
	}
	ending := strings.ToLower(filepath.Ext(path))
	switch {
	case bytes.HasPrefix(head[:], []byte("\x89HDF\r\n\x1a\n")):
		return dataFile
	case ending == ".onnx":
		return network
	case ending == ".safetensors" || ending == ".pth" || ending == ".pt" || ending == ".bin" || bytes.HasPrefix(head[8:], []byte(`{"`)):
		return weightFile
	case imageset.IsImage(filepath.Base(path)):
		return photo
	case ending == ".npy" || ending == ".csv" || ending == ".txt" || ending == ".parquet":
		return table
	case ending == ".zip" || ending == ".tar" || ending == ".tgz" || ending == ".gz":
		return archived
	}
	return other
}

func isRun(f run.Folder) bool {
	for _, path := range []string{f.Config(), f.Best()} {
		if _, err := os.Stat(path); err == nil {
			return true
		}
	}
	states, err := f.Checkpoints()
	return err == nil && len(states) > 0
}

// mistaken is an error in what an argument is: the command's usage is shown below it.
type mistaken struct{ error }

// expected says that something else lies at path than what was expected there.
func expected(path, what string) error {
	if is := whatIs(path); is != nothing {
		return mistaken{fmt.Errorf("%s is %s: expected %s", path, is, what)}
	}
	return mistaken{fmt.Errorf("%s does not exist: expected %s", path, what)}
}

const aModel = "a model, which is a checkpoint, the folder of a run, or weights of a network"

// openModel opens a model that a user has named.
func openModel(path string, options ...dvml.Option) (*dvml.Model, error) {
	switch whatIs(path) {
	case runFolder, weightFile, network, other:
		return dvml.Open(path, options...)
	}
	return nil, expected(path, aModel)
}

// openIndex opens an index that a user has named.
func openIndex(path string, options ...dvml.Option) (*dvml.Index, error) {
	x, err := dvml.OpenIndex(path, options...)
	if err == nil || index.Exists(path) {
		return x, err
	}
	return nil, expected(path, fmt.Sprintf("an index, which `%s` makes", commandLine("index", "MODEL", "PHOTOGRAPHS", "-o", "photos.dvml")))
}

// checkPhotograph refuses what is not one photograph.
func checkPhotograph(path string) error {
	switch whatIs(path) {
	case photo, other:
		return nil
	}
	return expected(path, "one photograph")
}
