package lockfile

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// One holds the file at a time; a process that is killed holds it no more.
func TestTake(t *testing.T) {
	if path := os.Getenv("DVML_TEST_LOCK"); path != "" {
		if _, err := Take(path); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("held\n")
		select {} // until it is killed
	}
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Take(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(path); !errors.Is(err, ErrHeld) {
		t.Errorf("taken twice: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestTake$")
	child.Env = append(os.Environ(), "DVML_TEST_LOCK="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := Take(path); !errors.Is(err, ErrHeld) {
		t.Errorf("another process holds it: %v", err)
	}
	child.Process.Kill()
	child.Wait() //nolint:errcheck // it was killed
	again, err := Take(path)
	if err != nil {
		t.Fatalf("after the process was killed: %v", err)
	}
	again.Release()
}
