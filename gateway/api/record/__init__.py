"""The record: patients, their examinations, what people entered, growth charts."""
