package train

// Watcher follows a run: the program draws a progress bar, a test records.
type Watcher interface {
	// Say passes a line for the user.
	Say(line string)
	// Step is called after each step.
	Step(Progress)
	// Features is called before the first step, where the heads train on the backbone's features alone, with the metrics of these features themselves.
	Features(metrics map[string]float64)
	// Evaluation is called after each evaluation with the metrics by name.
	Evaluation(step int, metrics map[string]float64)
	// Embedding is called while held-out images are embedded, and while frozen layers are computed.
	Embedding(done, total int)
}

// Progress is where a run stands after a step.
type Progress struct {
	Step, Steps     int                // taken, of all
	Phase, Phases   int                // from 1
	Values          map[string]float64 // by the names of Values that the method has, and run.Spread and run.Idle
	ImagesPerSecond float64            // over the last steps
	Left            []Part             // expected for the rest, evaluations left out; empty after the last step
	Logged          bool               // whether this step is one of those that are logged (log.every)
}
