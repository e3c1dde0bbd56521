/** The command {@code secondsite buffer}: the data plane alone, with a clock that commits. */
package org.secondsite.buffer.io.run;
