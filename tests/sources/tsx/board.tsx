// Written for this test: React components with generics, hooks, fragments, spreads and conditional children.
import React, { useCallback, useMemo, useState, type ReactNode } from 'react'
import type { Card, Column, Move } from './model'

export interface BoardProps<T extends Card = Card> extends React.HTMLAttributes<HTMLDivElement> {
  columns: readonly Column<T>[]
  onMove?: (move: Move<T>) => void | Promise<void>
  renderCard: (card: T, index: number) => ReactNode
}

type State = { dragged: string | null; over: number }

const EMPTY: State = { dragged: null, over: -1 }

function useFiltered<T extends Card>(columns: readonly Column<T>[], query: string): Column<T>[] {
  return useMemo(() => {
    const wanted = query.trim().toLowerCase()
    if (wanted === '') return [...columns]
    return columns.map((column) => ({
      ...column,
      cards: column.cards.filter(({ title, tags = [] }) => {
        return title.toLowerCase().includes(wanted) || tags.some((tag) => tag === wanted)
      }),
    }))
  }, [columns, query])
}

export function Board<T extends Card>({ columns, onMove, renderCard, ...rest }: BoardProps<T>) {
  const [state, setState] = useState<State>(EMPTY)
  const [query, setQuery] = useState('')
  const shown = useFiltered(columns, query)

  const drop = useCallback(
    async (event: React.DragEvent<HTMLUListElement>, to: number) => {
      event.preventDefault()
      const { dragged } = state
      setState(EMPTY)
      if (dragged === null || onMove === undefined) {
        return
      }
      try {
        await onMove({ card: dragged, to } as Move<T>)
      } catch (error: unknown) {
        console.error(`could not move ${dragged} to ${to}:`, error)
      } finally {
        event.dataTransfer.clearData()
      }
    },
    [state, onMove],
  )

  return (
    <div {...rest} className={['board', rest.className].filter(Boolean).join(' ')}>
      <header>
        <label htmlFor="query">Filter</label>
        <input id="query" value={query} onChange={(event) => setQuery(event.target.value)} />
        {query !== '' && <button type="button" onClick={() => setQuery('')}>Clear</button>}
      </header>
      <>
        {shown.map((column, index) => (
          <section key={column.id} aria-label={column.title} data-over={state.over === index}>
            <h2>
              {column.title} <small>({column.cards.length})</small>
            </h2>
            {column.cards.length > 0 ? (
              <ul onDrop={(event) => void drop(event, index)} onDragOver={(event) => event.preventDefault()}>
                {column.cards.map((card, place) => (
                  <li
                    key={card.id}
                    draggable
                    onDragStart={() => setState({ dragged: card.id, over: index })}
                    style={{ opacity: state.dragged === card.id ? 0.4 : 1 }}
                  >
                    {renderCard(card, place)}
                  </li>
                ))}
              </ul>
            ) : (
              <p className="empty">Nothing here yet &mdash; drag a card over.</p>
            )}
          </section>
        ))}
      </>
    </div>
  )
}

export class Boundary extends React.Component<{ children: ReactNode }, { error?: Error }> {
  static displayName = 'Boundary'
  state: { error?: Error } = {}

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override componentDidCatch(error: Error, info: React.ErrorInfo): void {
    const stack = info.componentStack ?? ''
    console.error(error.message, stack.split('\n').slice(0, 3))
  }

  render() {
    switch (this.state.error?.name) {
      case undefined:
        return this.props.children
      case 'AbortError':
        return null
      default:
        return <pre role="alert">{this.state.error!.message}</pre>
    }
  }
}

export default Board
