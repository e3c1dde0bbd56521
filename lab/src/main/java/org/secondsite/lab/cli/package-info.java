/** The lab's command line. */
package org.secondsite.lab.cli;
