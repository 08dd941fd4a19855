package tensorboard_test

import (
	"fmt"
	"log"
	"os"

	"github.com/dvml/dvml/tensorboard"
)

// A run is killed after step 3, its last checkpoint being that of step 2. The resumed run takes step 3 again; it shows once.
func Example() {
	dir, err := os.MkdirTemp("", "events")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	run := func(after, last int, loss float64) error {
		w, err := tensorboard.Create(dir, tensorboard.Options{PurgeStep: after})
		if err != nil {
			return err
		}
		for step := after + 1; step <= last; step++ {
			if err := w.Scalar("train/loss", step, loss/float64(step)); err != nil {
				return err
			}
		}
		return w.Close()
	}
	if err := run(0, 3, 6); err != nil {
		log.Fatal(err)
	}
	if err := run(2, 4, 12); err != nil {
		log.Fatal(err)
	}

	events, err := tensorboard.Read(dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range events {
		for _, v := range e.Values {
			fmt.Println(e.Step, v.Tag, v.Scalar)
		}
	}
	// Output:
	// 1 train/loss 6
	// 2 train/loss 3
	// 3 train/loss 4
	// 4 train/loss 3
}
