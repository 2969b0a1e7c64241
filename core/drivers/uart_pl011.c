// SPDX-License-Identifier: BSD-2-Clause
/*
 * ARM's PrimeCell UART, PL011 (DDI 0183). The boot code or firmware has set the line up.
 */
#include "serial.h"
#include <arch/io.h>
#include <janus/irq.h>
#include <janus/slab.h>
#include <janus/uart.h>
#include <uapi/errno.h>

enum reg { DR = 0x00, FR = 0x18, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34, IMSC = 0x38, MIS = 0x40, ICR = 0x44 };
#define DR_BREAK (1u << 10)
#define FR_RX_EMPTY (1u << 4)
#define FR_TX_FULL (1u << 5)
#define FR_TX_EMPTY (1u << 7)
#define LCR_H_8BIT_FIFO 0x70
#define CR_ENABLE 0x301		/* the port, its transmitter and receiver */
#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RX_TIMEOUT (1u << 6)
#define INT_ALL 0x7ff
#define FIFO_SIZE 16

static u32 in(struct serial_port *port, enum reg reg) { return arch_io_read32(port->reg + reg); }
static void out(struct serial_port *port, enum reg reg, u32 v) { arch_io_write32(port->reg + reg, v); }

static unsigned tx_room(struct serial_port *port)
{
	u32 flags = in(port, FR);

	if (flags & FR_TX_FULL)
		return 0;
	return flags & FR_TX_EMPTY ? FIFO_SIZE : 1;
}

static void tx_byte(struct serial_port *port, u8 byte)
{
	out(port, DR, byte);
}

static void set_interrupts(struct serial_port *port, u32 bits, bool on)
{
	port->shadow = on ? port->shadow | bits : port->shadow & ~bits;
	out(port, IMSC, port->shadow);
}

static void tx_interrupt(struct serial_port *port, bool on) { set_interrupts(port, INT_TX, on); }
static void rx_interrupt(struct serial_port *port, bool on) { set_interrupts(port, INT_RX | INT_RX_TIMEOUT, on); }

static int rx_byte(struct serial_port *port)
{
	u32 data;

	if ((in(port, FR) & FR_RX_EMPTY) || !(port->shadow & INT_RX))
		return SERIAL_NONE;
	data = in(port, DR);
	return data & DR_BREAK ? SERIAL_BREAK : (int)(data & 0xff);
}

static const struct serial_chip chip_pl011 = {
	.tx_room = tx_room,
	.tx_byte = tx_byte,
	.tx_interrupt = tx_interrupt,
	.rx_interrupt = rx_interrupt,
	.rx_byte = rx_byte,
};

static bool interrupt(void *arg)
{
	struct serial_port *port = arg;
	u32 status = in(port, MIS);

	if (!status)
		return false;
	out(port, ICR, status & ~(INT_RX | INT_RX_TIMEOUT));	/* those end when the FIFO is read */
	serial_receive(port);
	serial_transmit(port);
	return true;
}

int uart_pl011_register(unsigned long reg, unsigned irq)
{
	struct serial_port *port = kzalloc(sizeof(*port), GFP_KERNEL);
	int err;

	if (!port)
		return -ENOMEM;
	port->chip = &chip_pl011;
	port->reg = reg;
	err = serial_register(port, "ttyAMA0", 204, 64, irq);
	if (!err)
		err = request_irq(irq, interrupt, port, "ttyAMA0");
	if (err)
		return err;
	out(port, IMSC, 0);
	out(port, LCR_H, LCR_H_8BIT_FIFO);
	out(port, CR, CR_ENABLE);
	out(port, ICR, INT_ALL & ~(INT_RX | INT_RX_TIMEOUT));
	rx_interrupt(port, true);
	return 0;
}
