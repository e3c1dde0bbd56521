/** The lab for real: namespaces, processes, files, and the commands that work on them. */
package org.secondsite.lab.io;
