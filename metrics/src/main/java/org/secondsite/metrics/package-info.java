/** Figures for Prometheus: tables of what is measured, read when somebody asks, and plain HTTP to ask by. */
package org.secondsite.metrics;
