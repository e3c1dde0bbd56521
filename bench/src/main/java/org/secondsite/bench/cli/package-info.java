/** The command line {@code secondsite bench}. */
package org.secondsite.bench.cli;
