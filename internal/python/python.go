// Package python finds the interpreter for tests that hold dvml against Python's libraries.
package python

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Variable is the environment variable that names the interpreter.
const Variable = "DVML_PYTHON"

// With returns the interpreter that Variable names, or skips the test where there is none or it lacks one of the modules.
func With(t testing.TB, modules ...string) string {
	t.Helper()
	interpreter := os.Getenv(Variable)
	if interpreter == "" {
		t.Skipf("set %s to a Python interpreter with %s", Variable, strings.Join(modules, ", "))
	}
	script := "import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])"
	out, err := exec.Command(interpreter, append([]string{"-c", script}, modules...)...).Output()
	if err != nil {
		t.Fatalf("%s=%s does not run: %v", Variable, interpreter, err)
	}
	if missing := strings.TrimSpace(string(out)); missing != "" {
		t.Skipf("%s=%s lacks %s", Variable, interpreter, missing)
	}
	return interpreter
}
