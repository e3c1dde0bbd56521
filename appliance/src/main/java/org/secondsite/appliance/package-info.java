/** The program {@code secondsite}: its daemons and the operators' commands. */
package org.secondsite.appliance;
