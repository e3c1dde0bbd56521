/** The thread that decides is the thread that lives: what a deciding thread proves of itself, and what follows when it cannot. */
package org.secondsite.net.life;
