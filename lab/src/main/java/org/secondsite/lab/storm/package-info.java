/** Faults, one at a time, and how it is judged what they did. Pure; the lab's {@code io} strikes. */
package org.secondsite.lab.storm;
