/**
 * The two-site lab as data: namespaces, wires, addresses, configuration files and processes, computed from the lab's name and
 * options. {@code io} makes it real.
 */
package org.secondsite.lab.plan;
