package config_test

import (
	"fmt"
	"log"

	"github.com/dvml/dvml/config"
)

// A preset with two settings changed, checked.
func Example() {
	c, err := config.Preset("cars-best")
	if err != nil {
		log.Fatal(err)
	}
	c.Data = "photographs.h5"
	for _, s := range []string{"optimizer.rates.heads=1e-4", "method.loss={name: proxy-anchor}"} {
		if err := c.Set(s); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(c.Optimizer.Rates.Heads, c.Method.Loss.Name, c.Validate())
	// Output: 0.0001 proxy-anchor <nil>
}

// A value out of its range is reported by the setting's name.
func ExampleConfig_Validate() {
	c, err := config.Preset("laptop")
	if err != nil {
		log.Fatal(err)
	}
	c.Data, c.EMA = "photographs.h5", 1
	fmt.Println(c.Validate())
	// Output: ema is 1; it is the decay of the weights' running averages, in [0,1), 0: none (0.999 averages over some 1000 steps)
}
