package streaming

import (
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// The names of the sinks.
const (
	SinkKafka   = "kafka"
	SinkFile    = "file"
	SinkStdout  = "stdout"
	SinkDiscard = "discard"
)

// Config is the section streaming of the configuration.
type Config struct {
	// Sink is where events go: kafka, file, stdout or discard. Default file.
	Sink string `yaml:"sink"`
	// File is used by sink file.
	File FileConfig `yaml:"file"`
	// Kafka is used by sink kafka.
	Kafka KafkaConfig `yaml:"kafka"`
	// Ring is where events wait until the sink has them.
	Ring RingConfig `yaml:"ring"`
	// Batch bounds what is handed to the sink at once.
	Batch BatchConfig `yaml:"batch"`
	// Privacy is clear or truncate; docs/events.md says what each shows. Default
	// truncate.
	Privacy ocsf.Privacy `yaml:"privacy"`
}

// FileConfig says where sink file writes.
type FileConfig struct {
	// Path is the file that JSON lines are appended to. Default
	// var/events.jsonl.
	Path string `yaml:"path"`
	// Rotate is the size at which the file is renamed to PATH.1, replacing the
	// one before; 0 never rotates. Default 0B.
	Rotate models.Size `yaml:"rotate"`
	// Fsync says when written lines are forced to the disk: never, or batch, which
	// is before they leave the ring. Default never.
	Fsync string `yaml:"fsync"`
}

// RingConfig says where events wait until the sink has them.
type RingConfig struct {
	// Path is the ring file. Under /dev/shm it survives a killed process but not
	// the machine; on a disk it costs writes. Default /dev/shm/riskgate.
	Path string `yaml:"path"`
	// Bytes is the size of the file, allocated whole at the start; an event takes
	// about 1 KiB. From 1MiB to 64GiB. Default 64MiB.
	Bytes models.Size `yaml:"bytes"`
}

// BatchConfig bounds what is handed to the sink at once.
type BatchConfig struct {
	// Events is the largest number of events. From 1 to 65536. Default 512.
	Events int `yaml:"events"`
	// Bytes is how many encoded bytes end a batch. From 4KiB to 64MiB. Default
	// 1MiB.
	Bytes models.Size `yaml:"bytes"`
	// Delay is how long the first event of a batch waits for company. From 0s to
	// 10s. Default 5ms.
	Delay time.Duration `yaml:"delay"`
	// Retry is the longest pause between two attempts at a sink that fails. From
	// 10ms to 10m. Default 5s.
	Retry time.Duration `yaml:"retry"`
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config {
	return Config{
		Sink:    SinkFile,
		File:    FileConfig{Path: "var/events.jsonl", Fsync: "never"},
		Kafka:   defaultKafka(),
		Ring:    RingConfig{Path: "/dev/shm/riskgate", Bytes: 64 << 20},
		Batch:   BatchConfig{Events: 512, Bytes: 1 << 20, Delay: 5 * time.Millisecond, Retry: 5 * time.Second},
		Privacy: ocsf.Truncate,
	}
}

// Validate reports every mistake.
func (c *Config) Validate() models.Problems {
	var p models.Problems
	switch c.Sink {
	case SinkKafka:
		p.Under("kafka", c.Kafka.validate())
	case SinkFile:
		p.Under("file", c.File.validate())
	case SinkStdout, SinkDiscard:
	default:
		p.Add("sink", c.Sink, "want kafka, file, stdout or discard")
	}
	p.Under("ring", c.Ring.validate())
	p.Under("batch", c.Batch.validate())
	switch c.Privacy {
	case ocsf.Clear, ocsf.Truncate:
	case "sealed":
		p.Add("privacy", c.Privacy, "not available in this version, want clear or truncate")
	default:
		p.Add("privacy", c.Privacy, "want clear or truncate")
	}
	return p
}

func (c *FileConfig) validate() models.Problems {
	var p models.Problems
	if c.Path == "" {
		p.Add("path", `""`, "want the file that events are appended to")
	}
	if c.Rotate < 0 || c.Rotate > 0 && c.Rotate < 1<<20 {
		p.Add("rotate", c.Rotate, "want 0B or at least 1MiB")
	}
	if c.Fsync != "never" && c.Fsync != "batch" {
		p.Add("fsync", c.Fsync, "want never or batch")
	}
	return p
}

func (c *RingConfig) validate() models.Problems {
	var p models.Problems
	if c.Path == "" {
		p.Add("path", `""`, "want a file, best under /dev/shm")
	}
	if c.Bytes < minRing || c.Bytes > maxRing {
		p.Add("bytes", c.Bytes, "want from 1MiB to 64GiB")
	}
	return p
}

func (c *BatchConfig) validate() models.Problems {
	var p models.Problems
	if c.Events < 1 || c.Events > 1<<16 {
		p.Add("events", c.Events, "want from 1 to 65536")
	}
	if c.Bytes < 4<<10 || c.Bytes > 64<<20 {
		p.Add("bytes", c.Bytes, "want from 4KiB to 64MiB")
	}
	if c.Delay < 0 || c.Delay > 10*time.Second {
		p.Add("delay", c.Delay, "want from 0s to 10s")
	}
	if c.Retry < 10*time.Millisecond || c.Retry > 10*time.Minute {
		p.Add("retry", c.Retry, "want from 10ms to 10m")
	}
	return p
}
