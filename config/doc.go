// Package config is what a training run is: its settings, by the names of a YAML file.
//
// A run starts from a preset, a YAML file that holds every setting with the reason for its value ([Preset], [Presets]), or from a file of the user's
// ([Read]) laid over the base settings. [Config.Set] changes single settings (the program's --set), [Config.FitTo] adapts a preset to the data, and
// [Config.Validate] reports everything that is out of its range by the setting's name. [Config.YAML] writes all settings with their reasons, such that
// Parse reads the same again.
//
// The package is pure data: it computes nothing on images and keeps no file open.
package config
