"""Tests of the engines that the demo and other tests run against."""
