/** Processes of this program that a measurement starts, and the times that it takes. */
package org.secondsite.bench.process;
