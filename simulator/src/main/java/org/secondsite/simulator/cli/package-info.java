/** The command {@code secondsite simulate}. */
package org.secondsite.simulator.cli;
