package org.secondsite.lab.plan;

import java.util.List;

/**
 * A network namespace.
 *
 * @param name full name
 * @param forwarding whether it routes IPv4
 * @param taps TAP interfaces to make in it
 * @param routes arguments of {@code ip route add}
 */
public record NamespacePlan(String name, boolean forwarding, List<String> taps, List<String> routes) {}
