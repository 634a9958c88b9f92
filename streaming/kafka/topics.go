package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	kafka "github.com/segmentio/kafka-go"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
)

const day = 24 * time.Hour

// policies are the topics, less their prefix, and how long they keep what is in
// them; zero means compacted.
var policies = []struct {
	name string
	keep time.Duration
}{
	{"decisions.v1", 7 * day},
	{"authentications.v1", 90 * day},
	{"findings.v1", 90 * day},
	{"configs.v1", 0},
}

// topicOf says which of policies a kind of event goes to.
var topicOf = [models.NumEventKinds]int{
	models.DecisionEvent: 0, models.RefusalEvent: 0, models.AuthenticationEvent: 1,
	models.FindingEvent: 2, models.ConfigEvent: 3,
}

// TopicsOf returns the topic of each kind of event.
func TopicsOf(c streaming.KafkaConfig) (names [models.NumEventKinds]string) {
	for kind, i := range topicOf {
		names[kind] = c.TopicPrefix + policies[i].name
	}
	return names
}

// createTopics makes those that are missing.
func createTopics(ctx context.Context, client *kafka.Client, c streaming.KafkaConfig) error {
	request := &kafka.CreateTopicsRequest{}
	for _, p := range policies {
		t := kafka.TopicConfig{Topic: c.TopicPrefix + p.name, NumPartitions: c.Partitions, ReplicationFactor: c.Replication}
		if p.keep == 0 {
			t.NumPartitions = 1
			t.ConfigEntries = []kafka.ConfigEntry{{ConfigName: "cleanup.policy", ConfigValue: "compact"}}
		} else {
			t.ConfigEntries = []kafka.ConfigEntry{
				{ConfigName: "cleanup.policy", ConfigValue: "delete"},
				{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(p.keep.Milliseconds(), 10)},
			}
		}
		request.Topics = append(request.Topics, t)
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r, err := client.CreateTopics(ctx, request)
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for name, err := range r.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			return fmt.Errorf("create topic %s: %w", name, err)
		}
	}
	return nil
}
