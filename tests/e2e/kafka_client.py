# SPDX-License-Identifier: Apache-2.0
"""kafka-python at a topic: `read BROKER TOPIC COUNT` prints as many records from the beginning, a line of key and value each;
`write BROKER TOPIC` writes such lines from standard input."""

import sys

from kafka import KafkaConsumer, KafkaProducer


def read(broker, topic, count):
    consumer = KafkaConsumer(topic, bootstrap_servers=broker, auto_offset_reset="earliest", group_id=None)
    for _, record in zip(range(int(count)), consumer):
        print(f"{record.key.decode()}\t{record.value.decode()}")
    consumer.close()


def write(broker, topic):
    producer = KafkaProducer(bootstrap_servers=broker, acks="all")
    for line in sys.stdin:
        key, value = line.rstrip("\n").split("\t")
        producer.send(topic, key=key.encode(), value=value.encode())
    producer.close()


{"read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
