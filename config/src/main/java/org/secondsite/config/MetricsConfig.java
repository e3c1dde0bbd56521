package org.secondsite.config;

import java.net.InetSocketAddress;

/**
 * Where a process shows its figures to Prometheus.
 *
 * @param listen the address for plain HTTP; whoever reaches it may read
 */
public record MetricsConfig(InetSocketAddress listen) {}
