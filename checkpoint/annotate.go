package checkpoint

import (
	"encoding/json"
	"fmt"

	"github.com/dvml/dvml/weights"
)

// Annotate changes what the checkpoint at path says of itself; the variables stay as they are.
func Annotate(path string, change func(info *Info)) error {
	file, err := weights.Read(path)
	if err != nil {
		return err
	}
	text, ok := file.Meta[infoKey]
	if !ok {
		return fmt.Errorf("%s %w", path, ErrForeign)
	}
	info := Info{BestStep: -1}
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		return fmt.Errorf("%s: its description is not readable: %w", path, err)
	}
	change(&info)
	changed, err := json.Marshal(info)
	if err != nil {
		return err
	}
	file.Meta[infoKey] = string(changed)
	return weights.WriteSafetensors(path, file)
}
